"""From what a recipe says of an encoder to all that is needed to build it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datakit.config import load_config
from datakit.registry import data_file, load_class
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderPreset, EncoderSpec

FOLDER = Path(__file__).parent / "presets"


def resolve_encoder(choice: Mapping[str, Any]) -> EncoderSpec:
    """Lays a recipe's own values over the preset that it names.

    Where it names an architecture and no preset, the family says what it knows of that: timm, for
    one, the size and the normalisation of the images that a model was trained with.

    Args:
        choice: `preset` or `architecture`, and any key of `EncoderSpec` that differs.

    Raises:
        UsageError: no such preset, family or architecture; the nearest names are given.
        pydantic.ValidationError: a value that the recipe gives is wrong or missing.
    """
    preset = _preset(choice)
    own = {key: value for key, value in choice.items() if key != "preset"}
    given = {"name": encoder_name(choice), **preset, **own}
    family = load_class("trainer.encoders.families", given.get("family", "timm"), Backbone)
    known = family.known_of(given["architecture"])
    return EncoderSpec.model_validate(given if preset else {**known, **given})


def encoder_name(choice: Mapping[str, Any]) -> str:
    """What an encoder is called in the model: its own name, its preset's, or its architecture's.

    The tag that timm puts behind a name (`vit_base_patch16_224.dino`) is no part of it.
    """
    named: str = choice.get("name") or choice.get("preset") or choice["architecture"]
    return named.partition(".")[0]


def _preset(choice: Mapping[str, Any]) -> dict[str, Any]:
    name = choice.get("preset")
    if name is None:
        return {}
    path = data_file(FOLDER, name, what="encoder preset")
    return dict(load_config(path, EncoderPreset, what="encoder preset").tree)
