"""What an encoder preset says. One YAML in `presets/` adds one encoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from datakit.config import load_config
from datakit.registry import data_file
from trainer.grids import Resize

FOLDER = Path(__file__).parent / "presets"

Channels = tuple[float, float, float]


class EncoderPreset(BaseModel):
    """One encoder: an architecture, its weights, and the pixels it wants.

    Attributes:
        family: where the architecture comes from: a module of `trainer.encoders.families`.
        architecture: its name there.
        weights: None for random ones, `pretrained` for those that timm knows, or a file.
        image_side_px: side of the square image that the encoder sees.
        takes_image_size: whether the architecture is built for one image size, as those with
            position embeddings are; pretrained embeddings are then interpolated.
        layer: index of the layer whose output is used, as timm counts them; -1 is the last.
        options: further arguments of the architecture.
        resize: how its grid comes to the size of the shared one; see `GridShape`.
        mean, std: of the colour channels of its training images, on a scale of 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str = "timm"
    architecture: str
    weights: str | None = None
    image_side_px: Annotated[int, Field(ge=16)]
    takes_image_size: bool = False
    layer: int = -1
    options: dict[str, Any] = {}
    resize: Resize = "interpolate"
    mean: Channels
    std: Channels


class EncoderSpec(EncoderPreset):
    """A preset with the name that its encoder has in the model."""

    name: str


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
