"""Documents as bags of words: the user's files, the Reuters articles, and topics that are known."""

from aejax.data.documents.files import read_documents
from aejax.data.documents.sources import DOCUMENTS, load_documents, planted_topics
from aejax.data.documents.words import Documents, common_words, make_documents

__all__ = [
    "DOCUMENTS",
    "Documents",
    "common_words",
    "load_documents",
    "make_documents",
    "planted_topics",
    "read_documents",
]
