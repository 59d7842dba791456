"""The API pages, one a package or root module, derived from the package: nothing to keep by hand.

A name stands where users import it from: on the page of the package whose `__all__` has it, else
on that of the module that defines it. `public` is what a test holds the built site to.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import aejax

# Commands have help of their own; nobody imports them.
LEFT_OUT = ("aejax.cli",)


def modules() -> list[ModuleType]:
    """Returns all modules of the package that users import from, the package itself first."""
    names = [m.name for m in pkgutil.walk_packages(aejax.__path__, "aejax.")]
    kept = [n for n in names if not n.startswith(LEFT_OUT) and "._" not in n]
    return [aejax, *map(import_module, sorted(kept))]


def _defined(module: ModuleType) -> list[str]:
    """Returns a module's public names: its `__all__`, else the functions and classes it defines."""
    if hasattr(module, "__all__"):
        return [n for n in module.__all__ if not inspect.ismodule(getattr(module, n))]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and getattr(value, "__module__", None) == module.__name__
    ]


def _tables(module: ModuleType) -> list[str]:
    """Returns a module's tables: dicts in capitals, by which parts are found by name."""
    return [
        name
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, dict) and value
        and f"\n{name}:" in f"\n{inspect.getsource(module)}"
    ]  # fmt: skip


def public() -> dict[str, list[str]]:
    """Returns module -> its public names that no package above it, or before it, shows already."""
    shown: set[int] = set()
    found: dict[str, list[str]] = {}
    # Packages first: users import from them.
    for module in sorted(modules(), key=lambda m: (not hasattr(m, "__path__"), m.__name__)):
        names = []
        for name in dict.fromkeys([*_defined(module), *_tables(module)]):
            value = getattr(module, name)
            if id(value) not in shown:
                names.append(name)
            if inspect.isclass(value) or inspect.isroutine(value) or isinstance(value, dict):
                shown.add(id(value))
        if names:
            found[module.__name__] = names
    return found


def page_of(module: str) -> str:
    """Returns a module's page: its package's, or its own where it is at the root."""
    held = import_module(module)
    if hasattr(held, "__path__") or module.count(".") == 1:
        return module
    return module.rpartition(".")[0]


def _first_line(module: str) -> str:
    return (inspect.getdoc(import_module(module)) or "").partition("\n")[0]


def _directive(module: str, name: str) -> str:
    """Returns what documents one name; `::` for where a function has the name of its module."""
    value = getattr(import_module(module), name)
    if isinstance(value, dict):
        held = ", ".join(f"``{key}``" for key in value)
        return f".. py:data:: {name}\n   :module: {module}\n\n   A table of {held}.\n"
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "data"
    return f".. auto{kind}:: {module}::{name}\n"


def _section(module: str, names: list[str], level: int) -> str:
    held = [f".. automodule:: {module}", "   :no-index:", "   :no-members:", ""]
    held += [_directive(module, name) for name in names]
    return "\n".join([f"{'#' * level} `{module}`", "", "```{eval-rst}", *held, "```", ""])


def pages() -> dict[str, str]:
    """Returns page -> its text, with an index."""
    names = public()
    members: dict[str, list[str]] = {}
    for module in names:
        members.setdefault(page_of(module), []).append(module)
    texts = {}
    for page, held in members.items():
        parts = [_section(page, names.get(page, []), 1)]
        parts += [_section(m, names[m], 2) for m in sorted(held) if m != page]
        texts[page] = "\n".join(parts)
    listed = [f"| [`{page}`]({page}.md) | {_first_line(page)} |" for page in sorted(texts)]
    tree = ["```{toctree}", ":hidden:", ":titlesonly:", "", *sorted(texts), "```"]
    head = [
        "# API",
        "",
        "Every public name, from the docstrings.",
        "",
        "| page | what |",
        "|---|---|",
    ]
    texts["index"] = "\n".join([*head, *listed, "", *tree, ""])
    return texts


def write(folder: Path) -> None:
    """Writes the pages into a folder that git ignores; one whose text stays is not touched."""
    folder.mkdir(exist_ok=True)
    texts = pages()
    for path in folder.glob("*.md"):
        if path.stem not in texts:
            path.unlink()
    for page, text in texts.items():
        path = folder / f"{page}.md"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
