"""Kinds of values that recipes hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _refuse_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"found {value}, expected a number.")
    return value


NO_TRUTH_VALUE = BeforeValidator(_refuse_truth)  # Python's True is 1

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
NameWithDots = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Share = Annotated[float, Field(ge=0, le=1), NO_TRUTH_VALUE]
Positive = Annotated[int, Field(ge=1), NO_TRUTH_VALUE]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), NO_TRUTH_VALUE]


class Choice(BaseModel):
    """Names one of several things; its other keys are checked by the thing that it names."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_map(self) -> dict[str, Any]:
        """The name and the other keys."""
        return self.model_dump()


def bare(key: str) -> BeforeValidator:
    """Lets a bare string stand for the map `{key: string}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def both_sides() -> BeforeValidator:
    """Lets one number stand for height and width."""
    return BeforeValidator(lambda value: (value, value) if isinstance(value, int) else value)
