"""Imports of ours become relative ones; all else is left alone."""

from __future__ import annotations

import ast

import pytest

from trainer.exporting.flat import flat_modules, flattened

SOURCE = '''\
"""It says `from trainer.grids import Side`."""

from __future__ import annotations

from pathlib import Path  # a comment

import torch
from trainer.fusions.base import (
    Fusion,
    Other as Another,
)

if True:
    from datakit.errors import UsageError


def later() -> None:
    import trainer_of_others
'''
FLAT = '''\
"""It says `from trainer.grids import Side`."""

from __future__ import annotations

from pathlib import Path  # a comment

import torch
from .trainer_fusions_base import Fusion, Other as Another

if True:
    from .datakit_errors import UsageError


def later() -> None:
    import trainer_of_others
'''


def test_only_our_imports_change() -> None:
    assert flattened(SOURCE) == FLAT


def test_an_import_that_cannot_be_rewritten_is_found() -> None:
    with pytest.raises(AssertionError, match="`import trainer.grids` cannot be flattened"):
        flattened("import trainer.grids\n")


def test_all_that_is_needed_comes_along_and_given_source_goes_first() -> None:
    entry = "from trainer.grids import GridShape\nfrom datakit.registry import load_class\n"
    given = {"entry": entry, "datakit.registry": "def load_class(): ...\n"}
    modules = flat_modules(["entry"], given=given)
    assert set(modules) == {"entry.py", "trainer_grids.py", "datakit_registry.py"}
    for source in modules.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert f"{node.module}.py" in modules
