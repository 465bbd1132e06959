"""Any timm model as a producer of feature grids.

Legend: N views, C channels, H W grid, S side of a view in pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

import timm
import torch
from timm.models import load_pretrained
from torch import Tensor, nn

from datakit.errors import UsageError, nearest
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderSpec
from trainer.encoders.weights import (
    HUB,
    PRETRAINED,
    fitting,
    loading,
    weights_file,
    weights_folder,
)


class TimmBackbone(Backbone):
    """An architecture of timm.

    Layers behind the one that is used are dropped, so that every parameter has a gradient.
    Position embeddings of another image size are interpolated when they are loaded.
    """

    def __init__(self, spec: EncoderSpec, *, load_weights: bool = False) -> None:
        super().__init__(spec, load_weights=load_weights)
        self.backbone = create(spec, spec.options)
        before = set(self.backbone.state_dict())
        self.indices: list[int] = self.layer_indices(len(self.backbone.feature_info))
        self.shape = self.joined_shape([self._layer_shape(index) for index in self.indices])
        self.indices = self.backbone.prune_intermediate_layers(
            self.indices, prune_norm=not spec.norm, prune_head=True
        )
        if load_weights and spec.weights is not None:
            _load(self.backbone, spec, spare=before)
        self.train()

    @classmethod
    def known_of(cls, architecture: str) -> dict[str, Any]:
        """Image side, mean and deviation as timm knows them, and its own weights."""
        if not timm.is_model(architecture):
            hint = nearest(architecture, timm.list_models())
            raise UsageError(f"timm has no architecture {architecture!r}. {hint}")
        config = _config(architecture)
        return {
            "image_side_px": config["input_size"][-1],
            "weights": PRETRAINED,
            "mean": config["mean"],
            "std": config["std"],
        }

    def train(self, mode: bool = True) -> TimmBackbone:
        """As ever, but batch norms keep their statistics, frozen or not: batches are too small."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def recompute(self) -> None:
        """As timm does it, layer by layer."""
        self.backbone.set_grad_checkpointing(True)

    def encode(self, pixels: Tensor) -> list[Tensor]:
        return _grids(self.backbone, self.spec, pixels, self.indices)

    def _layer_shape(self, index: int) -> tuple[int, int]:
        """Channels and side of a layer's grid.

        Where its cells do not divide the image, the architecture decides whether a part of one
        counts, and a copy without memory is asked.
        """
        info = self.backbone.feature_info[index]
        side, cell = self.spec.image_side_px, info["reduction"]
        if side % cell:
            with torch.device("meta"):
                pixels = torch.zeros(1, 3, side, side)
                grid = _grids(create(self.spec, self.spec.options), self.spec, pixels, [index])[0]
            return grid.shape[1], grid.shape[2]
        channels = info.get("num_chs_norm") if self.spec.norm else None
        return channels or info["num_chs"], side // cell


def create(spec: EncoderSpec, options: Mapping[str, Any]) -> Any:
    """Makes a model of timm with random weights and without a classifier.

    Raises:
        UsageError: timm does not know one of the options, or gives no grids of this architecture.
    """
    arguments: dict[str, Any] = {"num_classes": 0, **options}
    if _config(spec.architecture)["fixed_input_size"]:
        arguments.setdefault("img_size", spec.image_side_px)
    try:
        backbone = timm.create_model(spec.architecture, **arguments)
    except (TypeError, ValueError, ArithmeticError, AssertionError, RuntimeError) as error:
        raise UsageError(
            f"encoder {spec.name!r}: timm cannot build {spec.architecture} with {arguments}: "
            f"{error}"
        ) from error
    if not hasattr(backbone, "forward_intermediates"):
        raise UsageError(
            f"encoder {spec.name!r}: timm gives no grids of features of {spec.architecture}. "
            "Choose an architecture with `forward_intermediates`."
        )
    return backbone


def _grids(model: Any, spec: EncoderSpec, pixels: Tensor, indices: list[int]) -> list[Tensor]:
    grids: list[Tensor] = model.forward_intermediates(
        pixels, indices=indices, norm=spec.norm, output_fmt="NCHW", intermediates_only=True
    )
    return grids


def _config(architecture: str) -> dict[str, Any]:
    """What timm says of the weights and the images of a model."""
    try:
        config = timm.get_pretrained_cfg(architecture)
    except RuntimeError as error:
        raise UsageError(f"{error} {_tags(architecture)}") from error
    known: dict[str, Any] = (config or timm.models.PretrainedCfg()).to_dict()
    return known


def _tags(architecture: str) -> str:
    name, _, tag = architecture.partition(".")
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{name}.*")]
    return nearest(tag, tags)


def _load(backbone: Any, spec: EncoderSpec, *, spare: Collection[str]) -> None:
    """Loads weights as timm does, but fails where they do not fit whole.

    timm alone leaves what is missing random, since the classifier is not built.
    """
    config = _source(spec)
    classifier = config.get("classifier") or ()
    heads = (classifier,) if isinstance(classifier, str) else classifier
    head_names = {f"{head}.{kind}" for head in heads for kind in ("weight", "bias")}

    def checked(state: dict[str, Any], model: nn.Module) -> dict[str, Tensor]:
        convert = vars(sys.modules[type(model).__module__]).get("checkpoint_filter_fn")
        converted = convert(state, model) if convert else state
        return fitting(converted, model, spec, spare={*spare, *head_names})

    with loading(spec):
        load_pretrained(backbone, config, num_classes=0, filter_fn=checked)


def _source(spec: EncoderSpec) -> dict[str, Any]:
    """timm's description of the weights that a preset names."""
    name = spec.architecture.partition(".")[0]
    file, folder, weights = weights_file(spec), weights_folder(spec), str(spec.weights)
    # Without `custom_load`, which is for weights of other libraries than torch.
    plain = {**_config(spec.architecture), "custom_load": False}
    if file is not None:
        return {**plain, "file": str(file)}
    if folder is not None:
        return {**plain, "source": "local-dir", "file": str(folder)}
    if weights.startswith(HUB):
        hub = weights.removeprefix(HUB)
        return {**plain, "source": "hf-hub", "hf_hub_id": hub, "hf_hub_filename": None}
    return _config(spec.architecture if weights == PRETRAINED else f"{name}.{weights}")
