"""Finds and loads a mixture file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datakit.config import Loaded, load_config
from datakit.errors import ConfigError, Problem, UsageError
from datakit.mixture.schema import Mixture
from datakit.registry import data_names, shipped_folder


def find_mixture(name: str | Path) -> Path:
    """A mixture file by its path, or by the name of one that is shipped.

    Raises:
        UsageError: neither; the nearest names are given.
    """
    path = Path(name)
    shipped = shipped_folder("mixtures")
    by_name = path.parent == Path()
    named = [shipped / path.name, shipped / f"{path.name}.yaml"] if by_name else []
    for candidate in (path, *named):
        if candidate.is_file():
            return candidate
    raise UsageError(f"no mixture at {path}. Shipped: {', '.join(data_names(shipped))}.")


def load_mixture(
    path: str | Path, *, overrides: Sequence[str] = (), problems: list[Problem] | None = None
) -> Loaded[Mixture]:
    """Loads a mixture and checks its keys and types; names and paths are checked by the plan.

    Args:
        problems: collects the problems instead of raising them, where the rest is a mixture.

    Raises:
        UsageError: no such file.
        ConfigError: all problems, each with its line.
    """
    found: list[Problem] = []
    loaded = load_config(
        find_mixture(path),
        Mixture,
        what="mixture",
        shipped=shipped_folder("mixtures"),
        named_lists={"sources"},
        overrides=overrides,
        problems=found,
    )
    found += [
        Problem(
            where=loaded.where("sources", index, "name"),
            key=f"sources[{index}].name",
            found=f"more than one source is named {source.name!r}.",
            mend="Give each a name of its own.",
        )
        for index, source in enumerate(loaded.value.sources)
        if source.name in loaded.value.duplicate_names()
    ]
    if problems is not None:
        problems += found
    elif found:
        raise ConfigError(f"mixture {loaded.path}", found)
    return loaded
