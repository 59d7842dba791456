"""Ratings: files of users, items and ratings, and the protocol by which recommenders are judged."""

from aejax.data.ratings.files import Ratings, matrix, read_ratings
from aejax.data.ratings.protocol import HeldOutUsers, Protocol, strong_generalisation, with_test
from aejax.data.ratings.sources import RATINGS, RatingsSource, load_ratings

__all__ = [
    "RATINGS",
    "HeldOutUsers",
    "Protocol",
    "Ratings",
    "RatingsSource",
    "load_ratings",
    "matrix",
    "read_ratings",
    "strong_generalisation",
    "with_test",
]
