"""EVA-02 as it was tuned for detection: attention in windows, and over all cells in a few blocks.

Legend: N views, C channels, H W grid, L cells (H times W), w side of a window in cells.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from timm.layers import RotaryEmbeddingCat
from torch import Tensor
from torch.nn import functional

from datakit.errors import UsageError
from trainer.encoders.families.base import Backbone, as_grid
from trainer.encoders.families.timm import TimmBackbone, create
from trainer.encoders.preset import EncoderSpec
from trainer.encoders.weights import fitting, loading, weights_file
from trainer.layers.recomputed import recompute

WRAPPERS = ("ema_state", "model", "module", "state_dict")
PREFIX = "backbone.net."
OURS = {
    "attn.q_bias": "attn.q_proj.bias",
    "attn.v_bias": "attn.v_proj.bias",
    "mlp.w1.": "mlp.fc1_g.",
    "mlp.w2.": "mlp.fc1_x.",
    "mlp.w3.": "mlp.fc2.",
    "mlp.ffn_ln.": "mlp.norm.",
}


class Eva02DetBackbone(Backbone):
    """EVA-02 (arXiv 2303.11331) in ViTDet's form (arXiv 2203.16527): its detector's backbone.

    The blocks are timm's. Two of three see one window each, which is a batch of its own; every
    third, of which the last is one, sees all cells. Rotary positions count within the window, or
    over the whole grid, stretched to the 16 x 16 of its training. There is no class token.

    Options besides those of timm's `Eva`: `window` (w), `global_every`.
    """

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        super().__init__(spec, load_weights=load_weights)
        options = dict(spec.options)
        self.window: int = options.pop("window", 16)
        self.global_every: int = options.pop("global_every", 3)
        for name, value in (("window", self.window), ("global_every", self.global_every)):
            if not isinstance(value, int) or value < 1:
                found = f"encoder {spec.name!r}: {name} is {value!r}"
                raise UsageError(f"{found}; give a whole number from 1.")
        self.backbone = create(spec, {"class_token": False, "global_pool": "", **options})
        self.side: int = self.backbone.patch_embed.grid_size[0]
        self.indices = self.layer_indices(len(self.backbone.blocks))
        self.shape = self.joined_shape([(self.backbone.embed_dim, self.side)] * len(self.indices))
        self.window_rope = self._rope_of_windows()
        before = set(self.backbone.state_dict())
        self.backbone.prune_intermediate_layers(
            self.indices, prune_norm=not spec.norm, prune_head=True
        )
        if load_weights and spec.weights is not None:
            released = read_released(spec, self.side)
            self.backbone.load_state_dict(fitting(released, self.backbone, spec, spare=before))

    @classmethod
    def known_of(cls, architecture: str) -> dict[str, Any]:
        """As timm knows it, without weights: there are none in this form there."""
        return {**TimmBackbone.known_of(architecture), "weights": None}

    def recompute(self) -> None:
        for block in self.backbone.blocks:
            recompute(block)

    def encode(self, pixels: Tensor) -> list[Tensor]:
        tokens = self.backbone.patch_embed(pixels) + self.backbone.pos_embed
        features = []
        for index, block in enumerate(self.backbone.blocks):
            if (index + 1) % self.global_every == 0:
                tokens = block(tokens, rope=self.backbone.rope.get_embed())
            else:
                windows = block(self._windows(tokens), rope=self.window_rope.get_embed())
                tokens = self._whole(windows)
            if index in self.indices:
                features.append(as_grid(self.backbone.norm(tokens), self.side))
        return features

    def _windows(self, tokens: Tensor) -> Tensor:
        """Cuts (N, L, C) into (N times windows, w w, C)."""
        cut = (self.side // self.window, self.window)
        grid = tokens.reshape(len(tokens), *cut, *cut, -1).transpose(2, 3)
        return grid.flatten(3, 4).flatten(0, 2)

    def _whole(self, windows: Tensor) -> Tensor:
        """Puts (N times windows, w w, C) together again: (N, L, C)."""
        count = self.side // self.window
        cut = (count, count, self.window, self.window)
        return windows.reshape(-1, *cut, windows.shape[-1]).transpose(2, 3).flatten(1, 4)

    def _rope_of_windows(self) -> RotaryEmbeddingCat:
        if self.side % self.window:
            patch = self.spec.image_side_px // self.side
            raise UsageError(
                f"encoder {self.spec.name!r}: its grid of {self.side} x {self.side} cells cannot "
                f"be cut into windows of {self.window} x {self.window}. Give an image_side_px that "
                f"{patch * self.window} divides."
            )
        rope = self.backbone.rope
        return RotaryEmbeddingCat(
            rope.dim,
            in_pixels=False,
            feat_shape=[self.window, self.window],
            ref_feat_shape=rope.ref_feat_shape,
        )


def read_released(spec: EncoderSpec, side: int) -> dict[str, Tensor]:
    """Reads a detector's checkpoint, as EVA-02 releases it, under timm's names.

    What belongs to the rest of the detector is left out, and so are the rotary tables, which
    follow from the sizes. Position embeddings lose that of the class token, which the detector
    never reads, and are interpolated (bicubic) to the grid, as the detector does at every step.

    Args:
        side: of the grid, in cells.

    Raises:
        UsageError: no such file, or no backbone of a detector in it.
    """
    file = weights_file(spec)
    if file is None:
        raise UsageError(
            f"encoder {spec.name!r}: weights {spec.weights!r} name no file. Give a path, or "
            "hf://OWNER/NAME/FILE."
        )
    with loading(spec):
        content = torch.load(file, map_location="cpu", weights_only=True)
    state = next((content[key] for key in WRAPPERS if key in content), content)
    own = {
        _timm_name(name.removeprefix(PREFIX)): tensor
        for name, tensor in state.items()
        if name.startswith(PREFIX) and "rope" not in name
    }
    if "pos_embed" not in own:
        raise UsageError(
            f"encoder {spec.name!r}: {file} holds no {PREFIX}pos_embed, and is no detector of "
            "EVA-02. Its other checkpoints load with `family: timm`."
        )
    return {**own, "pos_embed": _fitted(own["pos_embed"], side)}


def _timm_name(name: str) -> str:
    for released, ours in OURS.items():
        name = name.replace(released, ours)
    return name


def _fitted(positions: Tensor, side: int) -> Tensor:
    """(1, 1 + h h, C) or (1, h h, C) to (1, L, C)."""
    old = isqrt(positions.shape[1])
    grid = as_grid(positions[:, -(old**2) :], old).float()
    if old != side:
        grid = functional.interpolate(grid, size=(side, side), mode="bicubic")
    return grid.flatten(2).mT.to(positions.dtype)
