"""Any timm model as a producer of feature grids.

Legend: N views, C channels, H W grid, S side of a view in pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
from torch import Tensor

from datakit.errors import UsageError, nearest
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderSpec
from trainer.grids import GridShape


class TimmBackbone(Backbone):
    """An architecture of timm.

    Layers after the one that is used are not built, so that every parameter has a gradient.
    """

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        super().__init__(spec, load_weights=load_weights)
        self.backbone = _create(spec, load_weights)
        info = self.backbone.feature_info[spec.layer]
        self.layers: list[int] = self.backbone.prune_intermediate_layers(
            [spec.layer % len(self.backbone.feature_info)], prune_norm=True, prune_head=True
        )
        side = spec.image_side_px // info["reduction"]
        self.shape = GridShape(
            channels=info["num_chs"], height=side, width=side, resize=spec.resize
        )

    def encode(self, pixels: Tensor) -> Tensor:
        features: list[Tensor] = self.backbone.forward_intermediates(
            pixels, indices=self.layers, output_fmt="NCHW", intermediates_only=True
        )
        return features[0]


def _create(spec: EncoderSpec, load_weights: bool) -> Any:
    if not timm.is_model(spec.architecture):
        hint = nearest(spec.architecture, timm.list_models())
        raise UsageError(f"timm has no architecture {spec.architecture!r}. {hint}")
    file = _weights_file(spec)
    if load_weights and file is not None and not file.is_file():
        raise UsageError(f"encoder {spec.name!r}: no weights at {file}.")
    return timm.create_model(spec.architecture, **_timm_arguments(spec, load_weights, file))


def _weights_file(spec: EncoderSpec) -> Path | None:
    named = spec.weights not in (None, "pretrained")
    return Path(str(spec.weights)).expanduser() if named else None


def _timm_arguments(spec: EncoderSpec, load_weights: bool, file: Path | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {**spec.options, "num_classes": 0}
    if spec.takes_image_size:
        arguments["img_size"] = spec.image_side_px
    arguments["pretrained"] = load_weights and spec.weights is not None
    if file is not None:
        arguments["pretrained_cfg_overlay"] = {"file": str(file)}
    return arguments
