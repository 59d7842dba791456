"""The table of data sets. A new one: a loader in its own file, and one row here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aejax.data import (
    breast_cancer,
    cache,
    curves,
    digits,
    patches,
    paths,
    prepared,
    sequences,
    synthetic,
    variations,
    wine,
)
from aejax.data.dataset import Dataset
from aejax.data.raw import RawFile


class Options(NamedTuple):
    """What a loader may be told; each takes what concerns it."""

    data_dir: Path  # may not exist yet
    manual_dir: Path | None = None
    test_fraction: float = 0.2  # read only where there is no test split


class Source(NamedTuple):
    """One row: what the data set is, and how to get it."""

    name: str
    description: str
    images: tuple[int, int]  # train, test (before an own test_fraction)
    shape: tuple[int, ...]  # of one image
    licence: str
    origin: str
    load: Callable[[Source, Options], Dataset]
    version: str = ""
    files: tuple[RawFile, ...] = ()  # raw files; none: it needs no preparation
    hint: str = ""  # how to come by the raw files without the authors' server
    base: str = ""  # another data set, from which this one is made


def _load_digits(source: Source, options: Options) -> Dataset:
    return digits.load_digits(options.test_fraction)


def _load_prepared(source: Source, options: Options) -> Dataset:
    """From the cache, else as prepared, else prepared now, from wherever it is."""

    def build() -> Dataset:
        ensure_prepared(source, options)
        return prepared.read(options.data_dir, source.name, source.version)

    folder = paths.cache(options.data_dir, source.name, source.version)
    return cache.through(folder, source.name, build)


def _load_variation(change: variations.Change) -> Callable[[Source, Options], Dataset]:
    """Made from its base once, then from the cache."""

    def load(source: Source, options: Options) -> Dataset:
        def build() -> Dataset:
            base = DATASETS[source.base]
            return variations.vary(base.load(base, options), source.name, change)

        version = f"{source.version}-{DATASETS[source.base].version}"
        return cache.through(
            paths.cache(options.data_dir, source.name, version), source.name, build
        )

    return load


def ensure_prepared(source: Source, options: Options) -> bool:
    """Prepares the data set, or its base, if it is not there yet; returns whether it was missing.

    Raises:
      ConfigError: as `prepared.prepare`.
    """
    source = DATASETS[source.base] if source.base else source
    if prepared.is_prepared(options.data_dir, source.name, source.version):
        return False
    known = {file.sha256: other.name for other in DATASETS.values() for file in other.files}
    prepared.prepare(
        options.data_dir, source.name, source.version, source.files, options.manual_dir, known
    )
    return True


def _idx_files(base: str, *rows: tuple[str, str, int | None]) -> tuple[RawFile, ...]:
    return tuple(RawFile(base + name, sha256, gzip_time) for name, sha256, gzip_time in rows)


_MNIST_FILES = _idx_files(
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    (
        "train-images-idx3-ubyte.gz",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        None,
    ),
    (
        "train-labels-idx1-ubyte.gz",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        None,
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        None,
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        None,
    ),
)

_FASHION_FILES = _idx_files(
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    (
        "train-images-idx3-ubyte.gz",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        1504176606,
    ),
    (
        "train-labels-idx1-ubyte.gz",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        1504176606,
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        1504176627,
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        1504176627,
    ),
)

_ROWS = (
    Source(
        name="digits",
        description="handwritten digits",
        images=(1437, 360),
        shape=(8, 8, 1),
        licence="CC BY 4.0",
        origin="UCI (Alpaydin and Kaynak), in scikit-learn",
        load=_load_digits,
    ),
    Source(
        name="breast_cancer",
        description="measures of cell nuclei, benign or malignant",
        images=(455, 114),
        shape=(30,),
        licence="CC BY 4.0",
        origin="UCI (Wolberg, Street and Mangasarian 1995), in scikit-learn",
        load=lambda source, options: breast_cancer.load_breast_cancer(options.test_fraction),
    ),
    Source(
        name="wine",
        description="chemical measures of wines from three growers",
        images=(142, 36),
        shape=(13,),
        licence="CC BY 4.0",
        origin="UCI (Forina et al. 1991), in scikit-learn",
        load=lambda source, options: wine.load_wine(options.test_fraction),
    ),
    Source(
        name="mnist",
        description="handwritten digits",
        images=(60000, 10000),
        shape=(28, 28, 1),
        licence="CC BY-SA 3.0",
        origin="LeCun, Cortes and Burges",
        load=_load_prepared,
        version="3.0.1",
        files=_MNIST_FILES,
    ),
    Source(
        name="fashion_mnist",
        description="Zalando's articles of clothing",
        images=(60000, 10000),
        shape=(28, 28, 1),
        licence="MIT",
        origin="Xiao, Rasul and Vollgraf 2017",
        load=_load_prepared,
        version="3.0.1",
        files=_FASHION_FILES,
        hint="Debian: package dataset-fashion-mnist, /usr/share/datasets/fashion-mnist",
    ),
    Source(
        name="mnist_basic",
        description="few of MNIST's digits",
        images=(12000, 50000),
        shape=(28, 28, 1),
        licence="CC BY-SA 3.0",
        origin="made from mnist, after Larochelle et al. 2007",
        load=_load_variation(variations.unchanged),
        version="1",
        base="mnist",
    ),
    Source(
        name="mnist_rot",
        description="few of MNIST's digits, at any angle",
        images=(12000, 50000),
        shape=(28, 28, 1),
        licence="CC BY-SA 3.0",
        origin="made from mnist, after Larochelle et al. 2007",
        load=_load_variation(variations.rotated),
        version="1",
        base="mnist",
    ),
    Source(
        name="mnist_bg_rand",
        description="few of MNIST's digits, on noise",
        images=(12000, 50000),
        shape=(28, 28, 1),
        licence="CC BY-SA 3.0",
        origin="made from mnist, after Larochelle et al. 2007",
        load=_load_variation(variations.noisy_background),
        version="1",
        base="mnist",
    ),
    Source(
        name="curves",
        description="curves through three random points",
        images=(curves.TRAIN, curves.TEST),
        shape=(28, 28, 1),
        licence="of this package",
        origin="generated, after Hinton and Salakhutdinov 2006",
        load=lambda source, options: curves.load_curves(),
    ),
    Source(
        name="natural_patches",
        description="whitened patches of two photographs",
        images=(patches.TRAIN, patches.TEST),
        shape=(8, 8, 1),
        licence="CC BY 2.0 (danielbuechele, vultilion)",
        origin="scikit-learn's sample images",
        load=lambda source, options: patches.load_natural_patches(source.name, 8),
    ),
    Source(
        name="natural_patches_12",
        description="the same, larger",
        images=(patches.TRAIN, patches.TEST),
        shape=(12, 12, 1),
        licence="CC BY 2.0 (danielbuechele, vultilion)",
        origin="scikit-learn's sample images",
        load=lambda source, options: patches.load_natural_patches(source.name, 12),
    ),
    Source(
        name="photo_patches",
        description="patches of two photographs as they are, grey",
        images=(patches.TRAIN, patches.TEST),
        shape=(16, 16, 1),
        licence="CC BY 2.0 (danielbuechele, vultilion)",
        origin="scikit-learn's sample images",
        load=lambda source, options: patches.load_photo_patches(source.name, 16),
    ),
    Source(
        name="toy_sequences",
        description="sentences of 10 words, padded",
        images=(1600, 400),
        shape=(8,),
        licence="of this package",
        origin="generated from a fixed seed",
        load=lambda source, options: sequences.load_toy_sequences(options.test_fraction),
    ),
    Source(
        name="bouncing",
        description="films of bouncing digits",
        images=(1437, 360),
        shape=(10, 64),
        licence="CC BY 4.0",
        origin="generated from scikit-learn's digits",
        load=lambda source, options: sequences.load_bouncing(options.test_fraction),
    ),
    Source(
        name="planted_features",
        description="sparse sums of 96 known directions",
        images=(synthetic.TRAIN, synthetic.TEST),
        shape=(synthetic.DIMENSIONS,),
        licence="of this package",
        origin="generated from a fixed seed",
        load=lambda source, options: synthetic.load_planted_features(),
    ),
    Source(
        name="planted_many",
        description="sparse sums of 512 known directions, many of them rare",
        images=(synthetic.MANY_TRAIN, synthetic.MANY_TEST),
        shape=(synthetic.DIMENSIONS,),
        licence="of this package",
        origin="generated from a fixed seed",
        load=lambda source, options: synthetic.load_planted_many(),
    ),
    Source(
        name="planted_fresh",
        description="planted_many, ten times as many examples",
        images=(synthetic.FRESH_TRAIN, synthetic.MANY_TEST),
        shape=(synthetic.DIMENSIONS,),
        licence="of this package",
        origin="generated from a fixed seed",
        load=lambda source, options: synthetic.load_planted_fresh(),
    ),
)

DATASETS: dict[str, Source] = {source.name: source for source in _ROWS}
