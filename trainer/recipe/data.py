"""The `data` of a recipe."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from trainer.recipe.values import bare
from trainer.settings import Settings


class BuildChoice(Settings):
    """One build of a blend. A bare string is its folder or URL.

    Attributes:
        build: folder that `datakit build` wrote, or its URL.
        weight: of its samples in an epoch, beside the weights of the others.
    """

    build: str
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _all_weighted(builds: tuple[BuildChoice, ...]) -> tuple[BuildChoice, ...]:
    if len({build.weight is None for build in builds}) > 1:
        raise ValueError("give every build of a blend a weight, or none.")
    return builds


# Builds that are trained on together. An epoch has as many samples as they have in all: without
# weights each of them once; with weights each build's share of that number.
Blend: TypeAlias = Annotated[
    tuple[Annotated[BuildChoice, bare("build")], ...],
    Field(min_length=1),
    BeforeValidator(_one_or_several),
    AfterValidator(_all_weighted),
]
