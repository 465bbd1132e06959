"""Finds encoder presets, fusions, projectors and chat templates by file name.

One file adds one of them, and nothing else lists it. A module that is broken raises its own
ImportError, which nothing here hides.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from datakit.errors import UsageError, nearest

T = TypeVar("T")

PACKAGE = Path(__file__).parent
BASE_MODULE = "base"


def data_file(folder: str, name: str, *, what: str) -> Path:
    """Path of the YAML file that describes `name`, in a folder of this package.

    Raises:
        UsageError: no such file; the nearest names are given.
    """
    files = {path.stem: path for path in sorted((PACKAGE / folder).glob("*.yaml"))}
    if name not in files:
        raise UsageError(f"no {what} {name!r}. {nearest(name, list(files))}")
    return files[name]


def module_names(folder: str) -> list[str]:
    """Names of the parts in a folder of this package: its modules, hyphens for underscores."""
    stems = (path.stem for path in (PACKAGE / folder).glob("*.py"))
    parts = (stem for stem in stems if stem != BASE_MODULE and not stem.startswith("_"))
    return sorted(stem.replace("_", "-") for stem in parts)


def part_class(folder: str, name: str, base: type[T]) -> type[T]:
    """Imports the module called `name` and returns the one subclass of `base` in it.

    Raises:
        UsageError: no such module; the nearest names are given.
        ImportError: the module itself is broken.
    """
    names = module_names(folder)
    if name not in names:
        raise UsageError(f"no {base.__name__.lower()} {name!r}. {nearest(name, names)}")
    module = import_module(f"trainer.{folder}.{name.replace('-', '_')}")
    classes = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base) and member.__module__ == module.__name__
    ]
    assert len(classes) == 1, f"{module.__name__} must define one {base.__name__}, has {classes}"
    return classes[0]
