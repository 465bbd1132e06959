"""Any timm model as a producer of feature grids.

Legend: N images, C channels, H W grid, S side of the shared image in pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from datakit.errors import UsageError, nearest
from trainer.encoders.preset import EncoderSpec
from trainer.fusions.base import GridShape


class TimmBackbone(nn.Module):
    """One encoder of the mixture: resizes and normalises on the device, then runs timm's model.

    Layers after the one that is used are not built, so that every parameter has a gradient.

    Attributes:
        shape: of the grid that it makes of one image.
    """

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        """Builds the encoder.

        Args:
            load_weights: whether to load what `spec.weights` names; without it the weights are
                random, to be filled from a checkpoint.
        """
        super().__init__()
        self.spec = spec
        self.backbone = _create(spec, load_weights)
        info = self.backbone.feature_info[spec.layer]
        self.layers: list[int] = self.backbone.prune_intermediate_layers(
            [spec.layer % len(self.backbone.feature_info)], prune_norm=True, prune_head=True
        )
        side = spec.image_side_px // info["reduction"]
        self.shape = GridShape(channels=info["num_chs"], height=side, width=side)

    def forward(self, images: Tensor) -> Tensor:
        """Encodes images.

        A frozen encoder keeps no graph.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            Features, (N, C, H, W).
        """
        trained = any(parameter.requires_grad for parameter in self.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and trained):
            features: list[Tensor] = self.backbone.forward_intermediates(
                self.preprocess(images),
                indices=self.layers,
                output_fmt="NCHW",
                intermediates_only=True,
            )
        return features[0]

    def preprocess(self, images: Tensor) -> Tensor:
        """Resizes (bicubic, antialiased) and normalises for this encoder, in fp32.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            (N, 3, image_side_px, image_side_px) in the type of the weights.
        """
        pixels = images.float() / 255
        side = self.spec.image_side_px
        if pixels.shape[-1] != side:
            pixels = functional.interpolate(
                pixels, size=(side, side), mode="bicubic", antialias=True
            )
            pixels = pixels.clamp(0, 1)
        mean, std = (pixels.new_tensor(c).view(3, 1, 1) for c in (self.spec.mean, self.spec.std))
        return ((pixels - mean) / std).to(next(self.backbone.parameters()).dtype)


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
