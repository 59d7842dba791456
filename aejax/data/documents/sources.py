"""Documents by name: Reuters articles from the package lda, and documents of known topics."""

from __future__ import annotations

import importlib.util
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from aejax.data import paths
from aejax.data.documents.files import read_documents
from aejax.data.documents.words import Documents, make_documents
from aejax.errors import ConfigError

PLANTED_DOCUMENTS, PLANTED_WORDS, PLANTED_TOPICS = 1000, 500, 10
REUTERS = ("reuters.ldac", "reuters.tokens")
REUTERS_SHAPE, REUTERS_TOTAL = (395, 4258), 84_010
HINT = (
    "pip install 'aejax[applications]', whose package lda has them, or manual_dir=DIR with "
    "reuters.ldac and reuters.tokens, or with the wheel of lda 3.0.2 (pip download lda --no-deps)"
)


def planted_topics(documents: int = PLANTED_DOCUMENTS, seed: int = 0) -> Documents:
    """Returns documents of 10 known topics over 500 words, drawn as LDA draws them.

    Topics are Dirichlet(.05) over words, documents Dirichlet(.1) over topics, with 40 to 120 words
    each. Blei, Ng & Jordan 2003.
    """
    random = np.random.RandomState(seed)
    topics = random.dirichlet(np.full(PLANTED_WORDS, 0.05), PLANTED_TOPICS)
    shares = random.dirichlet(np.full(PLANTED_TOPICS, 0.1), documents)
    lengths = random.randint(40, 121, documents)
    counts = np.stack(
        [random.multinomial(n, p / p.sum()) for n, p in zip(lengths, shares @ topics, strict=True)]
    )
    words = [f"w{i}" for i in range(PLANTED_WORDS)]
    return make_documents("planted_topics", counts, words, topics)


def reuters(manual_dir: str | Path | None = None) -> Documents:
    """Returns the 395 Reuters articles of the package lda, read without importing it.

    Raises:
      ConfigError: the files are not there, or hold something else.
    """
    folder = paths.manual_dir(manual_dir)
    if folder is not None:
        near = [folder / "reuters", folder]
        wheels = sorted(folder.glob("lda-*.whl"))
    else:
        found = importlib.util.find_spec("lda")
        places = list(found.submodule_search_locations or ()) if found else []
        near, wheels = [Path(place) / "tests" for place in places], []
    for place in near:
        if (place / REUTERS[0]).is_file():
            return _checked(read_documents(place / REUTERS[0], "reuters"), place)
    for wheel in wheels:
        return _checked(_of_wheel(wheel), wheel)
    given = f"{str(folder)!r} has no such file" if folder else "the package lda is not installed"
    raise ConfigError(f"dataset='reuters' needs reuters.ldac, and {given}. Allowed: {HINT}.")


def _of_wheel(wheel: Path) -> Documents:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(wheel) as held:
                for name in REUTERS:
                    (Path(folder) / name).write_bytes(held.read(f"lda/tests/{name}"))
        except (KeyError, zipfile.BadZipFile, OSError) as error:
            raise ConfigError(f"wheel {str(wheel)!r}: {error}. Allowed: {HINT}.") from error
        return read_documents(Path(folder) / REUTERS[0], "reuters")


def _checked(documents: Documents, place: Path) -> Documents:
    shape, total = documents.counts.shape, int(documents.counts.sum())
    if shape != REUTERS_SHAPE or total != REUTERS_TOTAL:
        raise ConfigError(
            f"dataset='reuters' in {str(place)!r} has {shape[0]} documents of {shape[1]} words, "
            f"{total:,} in all. Allowed: {REUTERS_SHAPE[0]}, {REUTERS_SHAPE[1]} and "
            f"{REUTERS_TOTAL:,}; other documents under their own path."
        )
    return documents


DOCUMENTS = {
    "planted_topics": lambda manual_dir: planted_topics(),
    "planted_topics_few": lambda manual_dir: planted_topics(200)._replace(
        name="planted_topics_few"
    ),
    "reuters": reuters,
}


def load_documents(name: str | Path, manual_dir: str | Path | None = None) -> Documents:
    """Returns documents by name (a key of DOCUMENTS), or those of the user's own file.

    Raises:
      ConfigError: an unknown name; as `reuters` and `read_documents`.
    """
    make = DOCUMENTS.get(str(name))
    if make is not None:
        return make(manual_dir)
    return read_documents(paths.own(name, DOCUMENTS, "documents"))
