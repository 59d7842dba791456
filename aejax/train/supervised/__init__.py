"""Classifiers on the code of any autoencoder, trained by the same step and driver."""

from aejax.train.supervised.heads import Supervised, fine_tune, probe

__all__ = ["Supervised", "fine_tune", "probe"]
