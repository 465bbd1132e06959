"""Pix2Struct's image encoder, from transformers, with its patches made on the device.

Legend: N views, C channels, H W grid, P side of a patch in pixels, L patches.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, Pix2StructVisionConfig, Pix2StructVisionModel

from datakit.errors import UsageError, nearest
from trainer.encoders.families.base import Backbone, as_grid
from trainer.encoders.preset import EncoderSpec
from trainer.encoders.weights import HUB, loading, weights_file, weights_folder
from trainer.layers.recomputed import recompute

ARCHITECTURE = "pix2struct_vision_model"
MAX_PATCHES = 2048


class Pix2StructBackbone(Backbone):
    """The encoder of Pix2Struct (arXiv 2210.03347).

    A square view becomes the largest square grid of at most `options.max_patches` patches: 45 x 45
    of 2048, as Eagle keeps them. Each patch carries the number of its row and its column, from 1.
    """

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        super().__init__(spec, load_weights=load_weights)
        config, self.grid_side = _config(spec)
        # Three colours of P x P pixels make one flat patch.
        self.patch_px = isqrt(config.patch_embed_hidden_size // 3)
        self.indices = self.layer_indices(config.num_hidden_layers)
        channels = config.hidden_size
        self.shape = self.joined_shape([(channels, self.grid_side)] * len(self.indices))
        named = load_weights and spec.weights is not None
        self.backbone: Any = _loaded(spec, config) if named else Pix2StructVisionModel(config)
        self.backbone.encoder.layer = self.backbone.encoder.layer[: self.indices[-1] + 1]
        if not spec.norm:
            self.backbone.layernorm = nn.Identity()

    @classmethod
    def known_of(cls, architecture: str) -> dict[str, Any]:
        """Images of 1024 px, as Eagle gives, each normalised by its own mean and deviation."""
        if architecture != ARCHITECTURE:
            found = f"the family pix2struct has no architecture {architecture!r}."
            raise UsageError(f"{found} Write {ARCHITECTURE!r}, and its sizes as `options`.")
        return {"image_side_px": 1024, "mean": None, "std": None}

    def preprocess(self, images: Tensor) -> Tensor:
        """Resizes, normalises, and resizes to whole patches (bilinear, antialiased), in fp32.

        That is the order of `Pix2StructImageProcessor`.

        Args:
            images: uint8, (N, 3, S, S).

        Returns:
            (N, 3, H P, W P) in the type of the weights.
        """
        side = self.grid_side * self.patch_px
        pixels = functional.interpolate(
            self.normalise(self.resize(images)), size=(side, side), mode="bilinear", antialias=True
        )
        return pixels.to(next(self.parameters()).dtype)

    def recompute(self) -> None:
        for layer in self.backbone.encoder.layer:
            recompute(layer)

    def encode(self, pixels: Tensor) -> list[Tensor]:
        hidden = self._embed(pixels)
        features = []
        for index, layer in enumerate(self.backbone.encoder.layer):
            hidden, _ = layer(hidden)
            if index in self.indices:
                features.append(as_grid(self.backbone.layernorm(hidden), self.grid_side))
        return features

    def _embed(self, pixels: Tensor) -> Tensor:
        """Pixels to (N, L, C): flat patches, channels last within each, their row and column."""
        cut = (self.grid_side, self.patch_px)
        patches = pixels.reshape(len(pixels), 3, *cut, *cut)
        flat = patches.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
        numbers = torch.arange(1, self.grid_side + 1, device=pixels.device)
        rows, columns = torch.meshgrid(numbers, numbers, indexing="ij")
        parts = self.backbone.embeddings
        positions = parts.row_embedder(rows.flatten()) + parts.column_embedder(columns.flatten())
        embedded: Tensor = parts.patch_projection(flat) + positions
        return embedded


def _config(spec: EncoderSpec) -> tuple[Pix2StructVisionConfig, int]:
    """The configuration, and the side of the grid in patches; a UsageError for what is no key."""
    options = dict(spec.options)
    patches = options.pop("max_patches", MAX_PATCHES)
    if not isinstance(patches, int) or patches < 1:
        found = f"encoder {spec.name!r}: max_patches is {patches!r}"
        raise UsageError(f"{found}; give a whole number from 1.")
    config: Any = AutoConfig.for_model(ARCHITECTURE)
    for name in options:
        if not hasattr(config, name):
            hint = nearest(name, ["max_patches", *config.to_dict()])
            raise UsageError(f"encoder {spec.name!r}: Pix2Struct has no option {name!r}. {hint}")
    try:
        config.update(options)
    except StrictDataclassError as error:
        raise UsageError(f"encoder {spec.name!r}: {error}") from error
    return config, isqrt(patches)


def _loaded(spec: EncoderSpec, config: Pix2StructVisionConfig) -> Any:
    """The model with the weights of a folder or a repository: a whole Pix2Struct, or its encoder.

    Raises:
        UsageError: they cannot be read, or do not fit; tensors are listed.
    """
    if weights_file(spec) is not None:
        raise UsageError(
            f"encoder {spec.name!r}: {spec.weights} is a file. Name the folder that it is in: "
            "transformers loads Pix2Struct by its folder."
        )
    from_pretrained: Any = Pix2StructVisionModel.from_pretrained
    with loading(spec):
        model, info = from_pretrained(
            weights_folder(spec) or str(spec.weights).removeprefix(HUB),
            config=config,
            dtype=torch.get_default_dtype(),
            key_mapping={r"^encoder\.(?=embeddings\.|encoder\.|layernorm\.)": ""},
            output_loading_info=True,
        )
    left_over = sorted(key for key in info["unexpected_keys"] if not key.startswith("decoder."))
    missing = sorted(info["missing_keys"])
    if left_over or missing:
        raise UsageError(
            f"encoder {spec.name!r}: the weights {spec.weights!r} do not fit: missing {missing}, "
            f"left over {left_over}. Give the `options` that they were trained with."
        )
    return model
