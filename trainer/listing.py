"""What there is to choose from: names, and what each is in one sentence. Imports no torch."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from datakit.errors import UsageError, nearest

FOLDERS = {
    "recipes": "recipes",
    "encoders": "encoders/presets",
    "fusions": "fusions",
    "projectors": "projectors",
    "geometries": "geometry",
    "chat-templates": "model/chat_templates",
}
# Modules that hold what others share, and no choice.
SHARED = ("__init__", "base")


def catalog(kind: str) -> dict[str, str]:
    """The names of one kind, each with the first sentence of its file.

    Args:
        kind: `recipes`, `encoders`, `fusions`, `projectors`, `geometries` or `chat-templates`.

    Raises:
        UsageError: no such kind.
    """
    if kind not in FOLDERS:
        raise UsageError(f"no kind {kind!r}. {nearest(kind, list(FOLDERS))}")
    folder = Path(__file__).parent / FOLDERS[kind]
    described: dict[str, Callable[[str], str]] = {".yaml": _comment, ".py": _docstring}
    return {
        file.stem.replace("_", "-"): described[file.suffix](file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.stem)
        if file.suffix in described and file.stem not in SHARED
    }


def _comment(text: str) -> str:
    """The first sentence of the comment at the start of a YAML."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return _sentence(" ".join(lines))


def _docstring(source: str) -> str:
    return _sentence(ast.get_docstring(ast.parse(source)) or "")


def _sentence(text: str) -> str:
    """Up to the first full stop that ends one; `arXiv 2312.06742` has none."""
    words = " ".join(text.split())
    return words.split(". ")[0].rstrip(".")
