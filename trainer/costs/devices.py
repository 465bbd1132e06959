"""What devices can do at most."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import torch

from datakit.config import parse_yaml, to_plain
from trainer.recipe import Recipe

TABLE = Path(__file__).with_name("gpus.yaml")


def peak_flops_of(recipe: Recipe, device: torch.device) -> float | None:
    """Operations a second of one device; None where nobody knows them.

    The table is of bf16: `auto` finds nothing in fp32.
    """
    if recipe.peak_tflops != "auto":
        return None if recipe.peak_tflops is None else recipe.peak_tflops * 1e12
    if device.type != "cuda" or recipe.precision != "bf16":
        return None
    tera = known_tflops(torch.cuda.get_device_name(device))
    return None if tera is None else tera * 1e12


def known_tflops(device_name: str) -> float | None:
    """What the table says of a GPU: the longest name in it that the GPU's starts with as words."""
    words = re.split(r"[\s-]+", device_name)
    found = [
        (len(name), tera) for name, tera in _table().items() if _starts(words, name.split(" "))
    ]
    return max(found)[1] if found else None


def _starts(words: list[str], name: list[str]) -> bool:
    return words[: len(name)] == name


@cache
def _table() -> dict[str, float]:
    table: dict[str, float] = to_plain(parse_yaml(TABLE.read_text(encoding="utf-8"), str(TABLE)))
    return table
