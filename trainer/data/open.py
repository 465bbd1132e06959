"""Opens the builds of a run and finds what is wrong with them before anything else is done."""

from __future__ import annotations

from collections.abc import Iterable

import datakit
from datakit.errors import DataError, UsageError
from trainer.recipe import Blend


def open_builds(blends: Iterable[Blend]) -> dict[str, datakit.BuiltDataset]:
    """Opens every build once, by what the recipe calls it.

    Raises:
        UsageError: no finished build there, or one of them twice in a blend.
        DataError: a build is damaged, was changed since, is of a newer format, or has nothing to
            train on.
    """
    builds: dict[str, datakit.BuiltDataset] = {}
    for blend in blends:
        seen: dict[str, str] = {}
        for choice in blend:
            if choice.build not in builds:
                builds[choice.build] = _open(choice.build)
            build = builds[choice.build]
            if build.fingerprint in seen:
                raise UsageError(
                    f"{seen[build.fingerprint]} and {choice.build} are one build "
                    f"({build.fingerprint[:16]}), named twice in one blend. Name it once, with a "
                    "larger weight."
                )
            seen[build.fingerprint] = choice.build
    return builds


def _open(place: str) -> datakit.BuiltDataset:
    build = datakit.open(place)
    build.check_files()
    if not build.manifest.splits.get("train"):
        raise DataError(f"{place} has no samples to train on; see its rejects.parquet.")
    return build
