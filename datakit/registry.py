"""Finds things by file name: one file adds one thing, and nothing else lists it."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from datakit.errors import UsageError, nearest

T = TypeVar("T")

BASE_MODULE = "base"


def module_names(package: str) -> list[str]:
    """Names of the things in a package: its modules but `base`, with hyphens for underscores."""
    folder = Path(str(import_module(package).__file__)).parent
    stems = (file.stem for file in folder.glob("*.py") if file.stem != BASE_MODULE)
    return sorted(stem.replace("_", "-") for stem in stems if not stem.startswith("_"))


def load_class(package: str, name: str, base: type[T]) -> type[T]:
    """Imports `package.name` and returns the one subclass of `base` that it defines.

    Raises:
        UsageError: no such module; the nearest names are given.
        ImportError: the module itself is broken; its own error, never hidden.
    """
    names = module_names(package)
    if name not in names:
        raise UsageError(f"no {base.__name__.lower()} {name!r}. {nearest(name, names)}")
    module = import_module(f"{package}.{name.replace('-', '_')}")
    classes = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base) and member.__module__ == module.__name__
    ]
    assert len(classes) == 1, f"{module.__name__} must define one {base.__name__}, has {classes}"
    return classes[0]


def data_names(folder: Path) -> list[str]:
    """Names of the YAML files in a folder."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def data_file(folder: Path, name: str, *, what: str) -> Path:
    """The YAML file called `name` in a folder.

    Raises:
        UsageError: no such file; the nearest names are given.
    """
    if name not in data_names(folder):
        raise UsageError(f"no {what} {name!r}. {nearest(name, data_names(folder))}")
    return folder / f"{name}.yaml"


def shipped_folder(name: str) -> Path:
    """`templates/` or `mixtures/`: inside the wheel's package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
