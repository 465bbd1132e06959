"""Modules of this package as one flat folder, for transformers copies no other kind.

`trainer.fusions.base` becomes `trainer_fusions_base.py`, and what imports it says
`from .trainer_fusions_base import …`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path


def flat_modules(entries: Iterable[str], *, given: Mapping[str, str]) -> dict[str, str]:
    """The source of modules and of all that they need, flattened, by the name of its file.

    Args:
        entries: names of modules.
        given: source that stands in the place of a module, by its name.
    """
    pending = list(entries)
    found: dict[str, str] = {}
    while pending:
        name = pending.pop()
        file = f"{flat_name(name)}.py"
        if file not in found:
            source = given[name] if name in given else _source_of(name)
            pending += own_imports(source)
            found[file] = flattened(source)
    return found


def flat_name(module: str) -> str:
    """What a module is called in the flat folder."""
    return module.replace(".", "_")


def own_imports(source: str) -> list[str]:
    """Modules of ours that a source imports."""
    return [str(node.module) for node in _own_nodes(source)]


def flattened(source: str) -> str:
    """The source with imports of the flat folder's modules; all else stays as it is."""
    lines = source.splitlines(keepends=True)
    for node in reversed(_own_nodes(source)):
        flat = ast.ImportFrom(module=flat_name(str(node.module)), names=node.names, level=1)
        statement = " " * node.col_offset + ast.unparse(flat) + "\n"
        lines[node.lineno - 1 : node.end_lineno] = [statement]
    return "".join(lines)


def _own_nodes(source: str) -> list[ast.ImportFrom]:
    """Imports that the flat folder answers, from top to bottom."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            own = [alias.name for alias in node.names if _is_own(alias.name)]
            assert not own, f"`import {own[0]}` cannot be flattened: write `from … import …`"
        elif isinstance(node, ast.ImportFrom) and _is_own(str(node.module)):
            found.append(node)
    return sorted(found, key=lambda node: node.lineno)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in ("datakit", "trainer")


def _source_of(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None, f"no module {module}"
    return Path(spec.origin).read_text(encoding="utf-8")
