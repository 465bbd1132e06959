"""What an encoder preset says. One YAML in `presets/` adds one encoder."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trainer.grids import Resize

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
