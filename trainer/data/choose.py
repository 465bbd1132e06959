"""Which builds each stage trains on: what the recipe names and what the command gives."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from datakit.config import Loaded
from datakit.errors import ConfigError, Problem, UsageError, nearest
from trainer.recipe import Blend, BuildChoice, Recipe, StageRecipe

GivenData: TypeAlias = str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]] | None
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)=(.+)", re.DOTALL)


def parse_given(texts: Sequence[str]) -> GivenData:
    """What `--data` was given: a folder or URL for all stages, or one for each name.

    Raises:
        UsageError: several without names, or a name twice.
    """
    named: dict[str, str] = {}
    for text in texts:
        match = None if Path(text).exists() else NAMED.fullmatch(text)
        if match is None:
            if len(texts) > 1:
                raise UsageError(
                    f"--data {text} has no name, and --data is given {len(texts)} times. Write "
                    "--data NAME=DIR for each, with the names that stages have as `data`."
                )
            return text
        name, place = match.groups()
        if name in named:
            raise UsageError(f"--data {name}=… is given twice: {named[name]} and {place}.")
        named[name] = place
    return named or None


def choose_builds(loaded: Loaded[Recipe], given: GivenData) -> dict[str, Blend]:
    """The builds of each stage, by the stage's name.

    Args:
        given: a folder or URL that serves every stage; or by name, in place of the recipe's own.

    Raises:
        ConfigError: stages that name no data, or data that nobody gave; all at once.
        UsageError: a name that is given and that no stage has.
    """
    recipe = loaded.value
    if isinstance(given, str | os.PathLike):
        everywhere = (BuildChoice(build=os.fspath(given)),)
        return {stage.name: everywhere for stage in recipe.stages}
    own = {name: (BuildChoice(build=os.fspath(place)),) for name, place in (given or {}).items()}
    known: dict[str, Blend] = {**recipe.data, **own}
    chosen: dict[str, Blend] = {}
    problems: list[Problem] = []
    for number, stage in enumerate(recipe.stages):
        found = _blend_of(stage, known)
        if isinstance(found, str):
            where = loaded.where("stages", number, "data")
            problems.append(Problem(where=where, key=f"stages[{number}].data", found=found))
        else:
            chosen[stage.name] = found
    if problems:
        raise ConfigError(f"recipe {loaded.path}", problems)
    _refuse_unused(recipe, own)
    return chosen


def _blend_of(stage: StageRecipe, known: Mapping[str, Blend]) -> Blend | str:
    """A stage's builds, or why there are none."""
    if stage.data is None and len(known) == 1:
        return next(iter(known.values()))
    if stage.data is None:
        names = f"There are {', '.join(known)}: name one of them." if known else ""
        return f"stage {stage.name!r} names no data. {names or 'Give a build: --data DIR.'}"
    if stage.data not in known:
        hint = nearest(stage.data, list(known)) if known else ""
        return f"no data {stage.data!r}. Give --data {stage.data}=DIR, or --data DIR. {hint}"
    return known[stage.data]


def _refuse_unused(recipe: Recipe, own: Mapping[str, Blend]) -> None:
    wanted = [stage.data for stage in recipe.stages if stage.data is not None]
    for name in own:
        if name not in wanted and (wanted or len(own) > 1):
            hint = nearest(name, wanted)
            raise UsageError(f"--data {name}=…: no stage has `data: {name}`. {hint}")
