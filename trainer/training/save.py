"""What a stage leaves behind: folders and files that appear whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import datakit
from datakit.io.atomic import TEMPORARY_SUFFIX, sync, whole_file, write_whole
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.model.processor import EncoderMixtureProcessor
from trainer.recipe import Recipe


def save_model(
    folder: Path,
    model: EncoderMixtureForConditionalGeneration,
    processor: EncoderMixtureProcessor,
) -> None:
    """Writes model, configuration, tokenizer and chat template in transformers' format."""
    temporary = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary)
    processor.save_pretrained(temporary)
    for path in (*temporary.iterdir(), temporary):
        sync(path)
    temporary.rename(folder)
    sync(folder.parent)


def describe_stage(folder: Path, recipe: Recipe, data: datakit.BuiltDataset) -> None:
    """Writes the recipe with its defaults, and which build the stage trains on."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / "recipe.yaml") as temporary, temporary.open("wb") as file:
        yaml = YAML()
        yaml.default_flow_style = False
        yaml.dump(recipe.model_dump(mode="json", by_alias=True), file)
    build: dict[str, Any] = {
        "path": str(data.path.absolute()),
        "fingerprint": data.fingerprint,
        "samples": len(data),
    }
    write_whole(folder / "data.json", json.dumps(build, indent=2).encode() + b"\n")
