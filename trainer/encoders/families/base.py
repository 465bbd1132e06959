"""What a backbone is.

Legend: N views, C channels, H W grid, S side of a view in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from datakit.errors import UsageError
from trainer.encoders.preset import EncoderSpec
from trainer.grids import GridShape, resize_grid


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
            UsageError: no such architecture or layer, an image side that does not fit, or no
                weights where `spec.weights` says; those that do not fit are listed.
        """
        super().__init__()
        del load_weights
        self.spec = spec

    @classmethod
    def known_of(cls, architecture: str) -> dict[str, Any]:
        """Keys of a preset that follow from the architecture, where a recipe names no preset.

        Raises:
            UsageError: the family has no such architecture; the nearest names are given.
        """
        del architecture
        return {}

    def encode(self, pixels: Tensor) -> list[Tensor]:
        """Features of what `preprocess` makes, (N, C, H, W) of each layer in `spec.layers`."""
        raise NotImplementedError

    def recompute(self) -> None:
        """Keeps only the inputs of its layers for the backward pass."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Encodes views.

        A frozen encoder keeps no graph.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            Features, (N, C, H, W), as `shape` says.
        """
        trained = any(parameter.requires_grad for parameter in self.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and trained):
            layers = self.encode(self.preprocess(images))
            return torch.cat([_resized_to(layer, self.shape) for layer in layers], dim=1)

    def preprocess(self, images: Tensor) -> Tensor:
        """Resizes (bicubic, antialiased) and normalises for this encoder, in fp32.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            (N, 3, image_side_px, image_side_px) in the type of the weights.
        """
        return self.normalise(self.resize(images)).to(next(self.parameters()).dtype)

    def resize(self, images: Tensor) -> Tensor:
        """uint8 (N, 3, S, S) to fp32 (N, 3, image_side_px, image_side_px), from 0 to 1."""
        pixels = images.float() / 255
        side = self.spec.image_side_px
        if pixels.shape[-1] == side:
            return pixels
        resized = functional.interpolate(pixels, size=(side, side), mode="bicubic", antialias=True)
        return resized.clamp(0, 1)

    def normalise(self, pixels: Tensor) -> Tensor:
        """By the preset's mean and deviation, or by each image's own: (N, 3, H, W) to the same.

        An image of one colour has no deviation; in its place then stands what TensorFlow's
        `per_image_standardization` takes on a scale of 255, the root of one through its values.
        """
        if self.spec.mean is None or self.spec.std is None:
            least = (3 * pixels.shape[-2] * pixels.shape[-1]) ** -0.5 / 255
            mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
            return (pixels - mean) / pixels.std(dim=(1, 2, 3), keepdim=True).clamp(min=least)
        mean, std = (pixels.new_tensor(c).view(3, 1, 1) for c in (self.spec.mean, self.spec.std))
        return (pixels - mean) / std

    def layer_indices(self, count: int) -> list[int]:
        """The layers that are used, counted from 0, in the order of the network.

        Args:
            count: layers that the architecture has.

        Raises:
            UsageError: it has not so many.
        """
        wrong = [layer for layer in self.spec.layers if not -count <= layer < count]
        if wrong:
            raise UsageError(
                f"encoder {self.spec.name!r}: no layer {wrong[0]}; {self.spec.architecture} has "
                f"{count}. Give `layer` from 0 to {count - 1}, or from -1 down to {-count}."
            )
        return sorted({layer % count for layer in self.spec.layers})

    def joined_shape(self, layers: Sequence[tuple[int, int]]) -> GridShape:
        """The shape of all layers together, from the channels and the side of each."""
        side = self.spec.grid_side or max(side for _, side in layers)
        channels = sum(channels for channels, _ in layers)
        return GridShape(channels=channels, height=side, width=side, resize=self.spec.resize)


def as_grid(tokens: Tensor, side: int) -> Tensor:
    """Cells of a square grid, row by row, (N, H W, C), to (N, C, H, W)."""
    return tokens.mT.reshape(len(tokens), -1, side, side)


def _resized_to(layer: Tensor, shape: GridShape) -> Tensor:
    own = GridShape(channels=layer.shape[1], height=layer.shape[2], width=layer.shape[3])
    return resize_grid(layer, own, shape.side)
