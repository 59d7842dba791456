"""TensorFlow Datasets builders that need no TensorFlow: the same data under the same names.

TFDS' own builders of these sets read, unzip and encode through TensorFlow. These download and
verify through TFDS as well, but unzip with `gzip` and hand over Pillow images, which TFDS encodes
itself. What they write is read by the stock `tfds.data_source(NAME)`. Imports
tensorflow_datasets, so is itself imported only where something is prepared or read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from PIL import Image

from aejax.data import raw

CLOTHES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]


# skip_registration: TFDS would refuse a second builder called `mnist`, and then lose its own.
class IdxBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # pyright: ignore
    """Images and labels from four gzipped IDX files: train and test, images and labels."""

    name = "idx_builder"
    VERSION = tfds.core.Version("3.0.1")
    HOMEPAGE: ClassVar[str] = ""
    DESCRIPTION: ClassVar[str] = ""
    CLASSES: ClassVar[dict[str, Any]] = {"num_classes": 10}

    def __init__(self, *, files: Sequence[raw.RawFile], **kwargs: Any):
        """Takes the four files in the order train images, labels, test images, labels."""
        self._files = files
        super().__init__(**kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.DESCRIPTION,
            homepage=self.HOMEPAGE,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(28, 28, 1)),
                    "label": tfds.features.ClassLabel(**self.CLASSES),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        # download, not download_and_extract: the extraction is TensorFlow's.
        paths: Any = dl_manager.download([file.url for file in self._files])
        arrays = [raw.read_idx(p, f) for p, f in zip(paths, self._files, strict=True)]
        return {
            "train": self._generate_examples(*arrays[:2]),
            "test": self._generate_examples(*arrays[2:]),
        }

    def _generate_examples(self, images: Any, labels: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            # Pillow, because TFDS encodes NumPy arrays through TensorFlow.
            yield index, {"image": Image.fromarray(image), "label": int(label)}


class Mnist(IdxBuilder, skip_registration=True):  # pyright: ignore
    """MNIST 3.0.1."""

    name = "mnist"
    HOMEPAGE = "http://yann.lecun.com/exdb/mnist/"
    DESCRIPTION = "The MNIST database of handwritten digits (LeCun, Cortes and Burges)."


class FashionMnist(IdxBuilder, skip_registration=True):  # pyright: ignore
    """Fashion-MNIST 3.0.1."""

    name = "fashion_mnist"
    HOMEPAGE = "https://github.com/zalandoresearch/fashion-mnist"
    DESCRIPTION = "Zalando's article images, a drop-in replacement of MNIST (Xiao et al. 2017)."
    CLASSES: ClassVar[dict[str, Any]] = {"names": CLOTHES}


BUILDERS: dict[str, type[IdxBuilder]] = {b.name: b for b in (Mnist, FashionMnist)}
