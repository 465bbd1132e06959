"""The `model` of a recipe."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from trainer.recipe.values import Choice, Positive, bare, both_sides
from trainer.settings import Settings


class PartChoice(Choice):
    """A fusion, a projector or a geometry: its `type` and its keys. A bare string is the type."""

    type: str


class EncoderChoice(Choice):
    """An encoder: the name of its `preset`, and the keys that differ from it.

    A bare string is the preset. An `architecture` of timm needs none.
    """

    preset: str | None = None

    @model_validator(mode="after")
    def _is_named(self) -> EncoderChoice:
        if self.preset is None and "architecture" not in (self.model_extra or {}):
            raise ValueError("an encoder has a preset, or an architecture of timm.")
        for key in ("architecture", "family", "name"):
            value = (self.model_extra or {}).get(key, "")
            if not isinstance(value, str):
                raise ValueError(f"`{key}` is {value!r}, and must be text.")
        return self


class ModelRecipe(Settings):
    """The model.

    Attributes:
        language_model: name or path of one with weights; or a map that describes one with random
            weights: `model_type` and the keys of its configuration, without `vocab_size`.
        tokenizer: name or path; null for the language model's own or, where that is a map, one
            trained on the build's text.
        tokenizer_vocab_size: tokens of a trained tokenizer at most.
        chat_template: how conversations are written.
        grid: side of the shared grid, in cells; or its height and width.
        geometry: how images become square views.
    """

    language_model: str | dict[str, Any]
    tokenizer: str | None = None
    tokenizer_vocab_size: Annotated[int, Field(ge=300)] = 1024
    chat_template: str = "chatml"
    encoders: Annotated[tuple[Annotated[EncoderChoice, bare("preset")], ...], Field(min_length=1)]
    fusion: Annotated[PartChoice, bare("type")]
    projector: Annotated[PartChoice, bare("type")]
    grid: Annotated[tuple[Positive, Positive], both_sides()]
    geometry: Annotated[PartChoice, bare("type")] = PartChoice(type="pad")

    @property
    def tokenizer_name(self) -> str | None:
        """Name or path of the tokenizer; None where it is trained on the build's text."""
        if self.tokenizer is None and isinstance(self.language_model, str):
            return self.language_model
        return self.tokenizer
