"""What the settings of every part have in common: they are frozen, and unknown keys are errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """The keys that a recipe, a preset or a `config.json` gives a part."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoSettings(Settings):
    """Of a part that has nothing to set."""
