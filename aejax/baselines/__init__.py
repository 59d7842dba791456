"""What the applications are solved with without an autoencoder: libraries' methods, as tables.

Each method has a grid of settings. `choose` takes the one that is best on validation rows, the
same way for a baseline and for an autoencoder.
"""

from aejax.baselines.choosing import best, named, settings
from aejax.baselines.codecs import CODECS, Code, CodecMethod
from aejax.baselines.denoisers import DENOISERS, DenoisingMethod
from aejax.baselines.features import CLASSIFIERS, FEATURES, Encode, FeatureMethod
from aejax.baselines.hashes import HASHES, Hasher, HashMethod, thresholded
from aejax.baselines.imputers import IMPUTERS, ImputationMethod
from aejax.baselines.inpainters import INPAINTERS, InpaintingMethod
from aejax.baselines.maps import MAPS, Map, MapMethod
from aejax.baselines.outliers import OUTLIERS, Detector, OutlierMethod
from aejax.baselines.predictors import PREDICTORS, Predictor, PredictorMethod
from aejax.baselines.recommenders import RECOMMENDERS, Recommender, RecommenderMethod
from aejax.baselines.speech import SPEECH_DENOISERS, SpeechMethod
from aejax.baselines.topics import TOPICS, TopicMethod, TopicModel

__all__ = [
    "CLASSIFIERS",
    "CODECS",
    "DENOISERS",
    "FEATURES",
    "HASHES",
    "IMPUTERS",
    "INPAINTERS",
    "MAPS",
    "OUTLIERS",
    "PREDICTORS",
    "RECOMMENDERS",
    "SPEECH_DENOISERS",
    "TOPICS",
    "Code",
    "CodecMethod",
    "DenoisingMethod",
    "Detector",
    "Encode",
    "FeatureMethod",
    "HashMethod",
    "Hasher",
    "ImputationMethod",
    "InpaintingMethod",
    "Map",
    "MapMethod",
    "OutlierMethod",
    "Predictor",
    "PredictorMethod",
    "Recommender",
    "RecommenderMethod",
    "SpeechMethod",
    "TopicMethod",
    "TopicModel",
    "best",
    "named",
    "settings",
    "thresholded",
]
