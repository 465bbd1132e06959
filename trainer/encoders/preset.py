"""What an encoder preset says. One YAML in `presets/` adds one encoder."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from trainer.grids import Resize
from trainer.settings import Settings

Channels = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
Layers = Annotated[tuple[int, ...], Field(min_length=1)]


class EncoderPreset(Settings):
    """One encoder: an architecture, its weights, and the pixels it wants.

    Attributes:
        family: where the architecture comes from: a module of `trainer.encoders.families`.
        architecture: its name there.
        weights: None for random ones; `pretrained`, or one of timm's tags; a file or folder; or
            `hf://OWNER/NAME` on the Hub, with `/FILE` for one file of it.
        image_side_px: side of the square image that the encoder sees.
        layer: index of the layer whose output is used; -1 is the last. Or several of them: their
            grids are resized to one size, bilinearly, and their channels concatenated.
        norm: whether the norm behind the last layer is applied too (SAM: its neck).
        grid_side: that one size, in cells; the largest of the layers' own where it is None.
        options: further arguments of the architecture.
        resize: how its grid comes to the size of the shared one; see `GridShape`.
        mean, std: of the colour channels of its training images, on a scale of 0 to 1; None where
            each image is normalised by its own, over all of its values.
    """

    family: str = "timm"
    architecture: str
    weights: str | None = None
    image_side_px: Annotated[int, Field(ge=16)]
    layer: int | Layers = -1
    norm: bool = False
    grid_side: Annotated[int, Field(ge=1)] | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    resize: Resize = "interpolate"
    mean: Channels | None
    std: tuple[Positive, Positive, Positive] | None

    @model_validator(mode="after")
    def _has_both_or_none(self) -> EncoderPreset:
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std are both given, or both null.")
        return self

    @property
    def layers(self) -> tuple[int, ...]:
        """`layer`, always several."""
        return (self.layer,) if isinstance(self.layer, int) else self.layer


class EncoderSpec(EncoderPreset):
    """A preset with the name that its encoder has in the model."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
