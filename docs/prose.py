"""This project's text for Sphinx: docstrings are plain text, and links leave this folder."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
CODE = re.compile(r"(`[^`]+`)")
SPECIAL = re.compile(r"([*|\\])|(?<=\w)(_)(?!\w)")  # emphasis, substitutions; a name_ is a link
# An initial at the beginning of a text, "L.", would begin a list.
INITIAL = re.compile(r"(^\s*|: )([A-Za-z]|\d+)([.)])(?=\s|$)")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?!https?:|#)[^)#\s]+)\)")


def escaped(line: str) -> str:
    """Returns a line of plain text as reStructuredText: code stays code, nothing else is markup."""
    parts = CODE.split(line)
    return "".join(
        f"`{part}`" if CODE.fullmatch(part) else SPECIAL.sub(r"\\\1\2", part) for part in parts
    )


def docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Escapes a docstring in place; code that a line break cuts is joined first."""
    del app, what, name, obj, options
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].count("`") % 2:
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    plain = [line for line in joined if not line.startswith("Alias for field number")]
    lines[:] = [INITIAL.sub(r"\1\2\\\3", escaped(line)) for line in plain]


def signature(app, what, name, obj, options, arguments: str | None, returns: str | None):
    """Returns a signature that can be read back: a field's made default is no expression."""
    del app, what, name, obj, options
    return (arguments or "").replace("<factory>", "...") or None, returns


def _linked(text: str, folder: Path) -> str:
    """Returns Markdown in which links to files outside this folder are downloads of them."""

    def link(match: re.Match[str]) -> str:
        words, target = match.groups()
        path = (folder / target).resolve()
        if path.is_relative_to(HERE):
            return f"[{words}](/{path.relative_to(HERE).as_posix()})"
        if path.is_file():
            plain = words.replace("`", "")
            return f"{{download}}`{plain} </../{path.relative_to(HERE.parent).as_posix()}>`"
        return words if path.exists() else match.group()

    return LINK.sub(link, text)


def page(app, docname: str, source: list[str]) -> None:
    """Rewrites a page's links."""
    source[0] = _linked(source[0], (Path(app.srcdir) / docname).parent)


def included(app, path: Path, docname: str, source: list[str]) -> None:
    """Rewrites the links of what a page includes: they are of its own folder."""
    del docname
    source[0] = _linked(source[0], (Path(app.srcdir) / path).parent)
