"""What a stage leaves behind: folders and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from safetensors import SafetensorError
from torch import Tensor

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX, sync, whole_file, write_whole
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import LoraRecipe, Recipe
from trainer.training.adapters import save_adapters, without_adapters
from trainer.training.partitioned import whole_tensors
from trainer.training.processes import Processes
from trainer.training.stage_data import AnyData


def save_model(
    folder: Path,
    model: EncoderMixtureForConditionalGeneration,
    processor: EncoderMixtureProcessor,
    tensors: dict[str, Tensor] | None = None,
) -> None:
    """Writes a model as `write_model` does, whole or not at all."""
    with whole_folder(folder) as temporary:
        write_model(temporary, model, processor, tensors)


def write_model(
    folder: Path,
    model: EncoderMixtureForConditionalGeneration,
    processor: EncoderMixtureProcessor,
    tensors: dict[str, Tensor] | None = None,
) -> None:
    """Writes model, configuration, tokenizer and chat template in transformers' format.

    Args:
        tensors: what to save, where the model itself has only a part of it.
    """
    model.save_pretrained(folder, state_dict=tensors)
    processor.save_pretrained(folder)


def save_trained(
    folder: Path,
    model: EncoderMixtureForConditionalGeneration,
    processor: EncoderMixtureProcessor,
    *,
    lora: LoraRecipe | None,
    processes: Processes,
) -> None:
    """Writes what a stage trained, adapters added to their layers; every process calls it.

    Adapters alone go to `adapter/` beside it, in peft's format.

    Raises:
        OutputError: it cannot be written, as on a full disk; in all processes.
    """
    tensors = whole_tensors(model, wanted=processes.is_main)
    fault = ""
    if processes.is_main:
        try:
            if lora is not None:
                alone = folder.with_name("adapter")
                shutil.rmtree(alone, ignore_errors=True)
                with whole_folder(alone) as temporary:
                    save_adapters(temporary, tensors, lora)
                tensors = without_adapters(tensors, lora)
            save_model(folder, model, processor, tensors)
        except (OSError, SafetensorError) as error:
            fault = f"{folder} cannot be written: {error}. Make room; the same command goes on."
    fault = processes.gather(fault)[0]
    if fault:
        raise OutputError(fault)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yields a temporary folder, which becomes `folder` when the block ends well."""
    temporary = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for path in (*temporary.iterdir(), temporary):
            sync(path)
        temporary.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def describe_stage(folder: Path, recipe: Recipe, data: AnyData) -> None:
    """Writes the recipe with its defaults, what the stage trains on, and what it leaves out."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / "recipe.yaml") as temporary, temporary.open("wb") as file:
        yaml = YAML()
        yaml.default_flow_style = False
        yaml.dump(recipe.model_dump(mode="json", by_alias=True), file)
    told: dict[str, Any] = {
        "fingerprint": data.fingerprint,
        "epoch_samples": data.epoch_samples,
        "dropped_samples": len(data.dropped),
        "builds": [asdict(share) for share in data.shares],
    }
    write_whole(folder / "data.json", json.dumps(told, indent=2).encode() + b"\n")
    lines = (json.dumps(asdict(sample)) + "\n" for sample in data.dropped)
    write_whole(folder / "dropped.jsonl", "".join(lines).encode())
