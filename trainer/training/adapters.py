"""Low-rank adapters by peft, in a model whose other names stay as they are.

Legend: R rank, I inputs and O outputs of a linear layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.recipe import LoraRecipe
from trainer.training.patterns import matches

ADAPTER = "default"  # as peft names the only one
DOWN, UP = f".lora_A.{ADAPTER}.weight", f".lora_B.{ADAPTER}.weight"
WRAPPED = ".base_layer."


def target_layers(model: nn.Module, lora: LoraRecipe) -> list[str]:
    """Names of the linear layers that get an adapter; the language model's head never does."""
    head = cast(EncoderMixtureForConditionalGeneration, model).get_output_embeddings()
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and module is not head
        and any(matches(name, pattern) for pattern in lora.targets)
    ]


def adapter_sizes(model: nn.Module, lora: LoraRecipe) -> dict[str, int]:
    """Elements of the parameters that adapters will have, by name."""
    sizes = {}
    for name in target_layers(model, lora):
        layer = cast(nn.Linear, model.get_submodule(name))
        sizes[f"{name}{DOWN}"] = lora.rank * layer.in_features
        sizes[f"{name}{UP}"] = lora.rank * layer.out_features
    return sizes


def adapted_weight(adapter: str) -> str:
    """The weight that an adapter's parameter belongs to, by their names."""
    return f"{adapter.removesuffix(DOWN).removesuffix(UP)}.weight"


def add_adapters(
    model: EncoderMixtureForConditionalGeneration, lora: LoraRecipe, *, seed: int
) -> None:
    """Puts adapters into a model; they change nothing before they are trained."""
    from peft import inject_adapter_in_model

    torch.manual_seed(seed)
    inject_adapter_in_model(_peft_config(lora, target_layers(model, lora)), model)


def without_adapters(tensors: Mapping[str, Tensor], lora: LoraRecipe) -> dict[str, Tensor]:
    """The tensors of a model after its adapters are added to the layers that they adapt.

    W + alpha / R * B A, with A of (R, I) and B of (O, R), in fp32.
    """
    plain = {
        name.replace(WRAPPED, "."): tensor
        for name, tensor in tensors.items()
        if not name.endswith((DOWN, UP))
    }
    for name, down in tensors.items():
        if name.endswith(DOWN):
            layer = name.removesuffix(DOWN)
            weight = plain[f"{layer}.weight"]
            added = tensors[f"{layer}{UP}"].float() @ down.float() * (lora.alpha / lora.rank)
            plain[f"{layer}.weight"] = (weight.float() + added).to(weight.dtype)
    return plain


def save_adapters(folder: Path, tensors: Mapping[str, Tensor], lora: LoraRecipe) -> None:
    """Writes the adapters alone, in peft's format."""
    own = {name: tensor for name, tensor in tensors.items() if name.endswith((DOWN, UP))}
    layers = [name.removesuffix(DOWN) for name in own if name.endswith(DOWN)]
    folder.mkdir(parents=True, exist_ok=True)
    _peft_config(lora, layers).save_pretrained(str(folder))
    renamed = {
        f"base_model.model.{name.replace(f'.{ADAPTER}.', '.')}": tensor.contiguous()
        for name, tensor in own.items()
    }
    save_file(renamed, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _peft_config(lora: LoraRecipe, layers: list[str]) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=cast(int, lora.alpha),
        lora_dropout=lora.dropout,
        target_modules=layers,
    )
