"""Patterns over the names of modules and parameters."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern names a parameter or a module that holds it: `encoders`, `encoders.*`."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
