"""From the encoder that a recipe names to all that is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datakit.config import load_config
from datakit.registry import data_file
from trainer.encoders.preset import EncoderPreset, EncoderSpec

FOLDER = Path(__file__).parent / "presets"


def resolve_encoder(choice: Mapping[str, Any]) -> EncoderSpec:
    """Reads the preset that a recipe names and lays the recipe's own values over it.

    Args:
        choice: `preset`, and any key of `EncoderSpec` that differs from the preset.

    Raises:
        UsageError: no such preset; the nearest names are given.
        pydantic.ValidationError: a value that the recipe gives is wrong.
    """
    preset = choice["preset"]
    path = data_file(FOLDER, preset, what="encoder preset")
    shipped = load_config(path, EncoderPreset, what="encoder preset")
    own = {key: value for key, value in choice.items() if key != "preset"}
    return EncoderSpec.model_validate({"name": preset, **shipped.tree, **own})
