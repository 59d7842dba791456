"""What the applications are solved with without an autoencoder: libraries' methods, as tables.

Each method has a grid of settings. `choose` takes the one that is best on validation rows, the
same way for a baseline and for an autoencoder.
"""

from aejax.baselines.choosing import best, named, settings
from aejax.baselines.denoisers import DENOISERS, DenoisingMethod
from aejax.baselines.features import CLASSIFIERS, FEATURES, Encode, FeatureMethod
from aejax.baselines.hashes import HASHES, Code, HashMethod, thresholded
from aejax.baselines.inpainters import INPAINTERS, InpaintingMethod
from aejax.baselines.maps import MAPS, Map, MapMethod
from aejax.baselines.outliers import OUTLIERS, Detector, OutlierMethod
from aejax.baselines.recommenders import RECOMMENDERS, Recommender, RecommenderMethod

__all__ = [
    "CLASSIFIERS",
    "DENOISERS",
    "FEATURES",
    "HASHES",
    "INPAINTERS",
    "MAPS",
    "OUTLIERS",
    "RECOMMENDERS",
    "Code",
    "DenoisingMethod",
    "Detector",
    "Encode",
    "FeatureMethod",
    "HashMethod",
    "InpaintingMethod",
    "Map",
    "MapMethod",
    "OutlierMethod",
    "Recommender",
    "RecommenderMethod",
    "best",
    "named",
    "settings",
    "thresholded",
]
