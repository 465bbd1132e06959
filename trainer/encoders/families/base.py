"""What a backbone is.

Legend: N views, C channels, H W grid, S side of a view in pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.encoders.preset import EncoderSpec
from trainer.grids import GridShape


class Backbone(nn.Module):
    """One encoder of the mixture: resizes and normalises on the device, then encodes.

    Attributes:
        shape: of the grid that it makes of one view.
    """

    shape: GridShape

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        """Builds the encoder.

        Args:
            load_weights: whether to load what `spec.weights` names; without it the weights are
                random, to be filled from a checkpoint.

        Raises:
            UsageError: no such architecture, or no weights where `spec.weights` says.
        """
        super().__init__()
        del load_weights
        self.spec = spec

    def encode(self, pixels: Tensor) -> Tensor:
        """Features, (N, C, H, W), of normalised pixels (N, 3, image_side_px, image_side_px)."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Encodes views.

        A frozen encoder keeps no graph.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            Features, (N, C, H, W).
        """
        trained = any(parameter.requires_grad for parameter in self.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and trained):
            return self.encode(self.preprocess(images))

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
        return ((pixels - mean) / std).to(next(self.parameters()).dtype)
