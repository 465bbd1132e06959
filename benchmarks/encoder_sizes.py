"""Grid, parameters and cost of every encoder preset, counted on the meta device.

    python benchmarks/encoder_sizes.py > docs/measurements/encoder_sizes.txt

Counts nothing but what a preset builds: no heads, and no layers behind the one that is used.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

import timm
import torch
import transformers

from datakit.registry import data_names
from trainer.costs.flops import forward_flops
from trainer.encoders import build_backbone, resolve_encoder
from trainer.encoders.resolve import FOLDER
from trainer.grids import GridShape

X5 = ("clip-448", "convnext-1024", "pix2struct-1024", "eva02-1024", "sam-1024")
PAPER = 2283e6  # parameters of the five, arXiv 2408.15998
# What is known to be counted otherwise in Eagle's release, read from its code.
EXPLAINED = {
    "clip-448: position embeddings of 32 x 32, not 24 x 24, cells": 1024 * (32**2 - 24**2),
    "eva02-1024: position embeddings of 64 x 64, not 14 x 14, cells": 1024 * (64**2 - 14**2 - 1),
    "sam-1024: its own neck, not one 1 x 1 convolution and its norm": 256 * 256 * 9 + 2 * 256,
    "convnext-1024: no classifier of 1000 classes, and no norm before it": -(3072 * 1002 + 1000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    shape: GridShape
    parameters: int
    flops: int


def size_of(preset: str) -> Size:
    """Counts one image: two operations for a multiplication and an addition."""
    with torch.device("meta"):
        encoder = build_backbone(resolve_encoder({"preset": preset}))
        image = torch.zeros(1, 3, 1024, 1024, dtype=torch.uint8)
        flops = forward_flops(lambda: encoder(image))
    parameters = sum(tensor.numel() for tensor in encoder.parameters())
    return Size(shape=encoder.shape, parameters=parameters, flops=flops)


def line(name: str, size: Size) -> str:
    shape = size.shape
    grid = f"{shape.height} x {shape.width} x {shape.channels}"
    return f"{name:<22} {grid:>16} {size.parameters / 1e6:>12.1f} {size.flops / 1e12:>12.2f}"


def main() -> None:
    print(f"torch {torch.__version__}, timm {timm.__version__}, ", end="")
    print(f"transformers {transformers.__version__}, Python {platform.python_version()}")
    print(f"{'preset':<22} {'grid x channels':>16} {'parameters M':>12} {'TFLOP/image':>12}")
    sizes = {name: size_of(name) for name in data_names(FOLDER)}
    for name, size in sizes.items():
        print(line(name, size))
    ours = sum(sizes[name].parameters for name in X5)
    flops = sum(sizes[name].flops for name in X5)
    print(f"\nEagle-X5, {', '.join(X5)}:")
    print(f"{ours / 1e6:.1f} M parameters, {flops / 1e12:.2f} TFLOP an image; ", end="")
    print(f"the paper says {PAPER / 1e6:.0f} M: {ours / PAPER - 1:+.2%}")
    print("\nCounted otherwise in Eagle's release, in millions more here:")
    for what, count in EXPLAINED.items():
        print(f"  {count / 1e6:+6.2f}  {what}")
    release = ours - sum(EXPLAINED.values())
    print(
        f"Without these it is {release / 1e6:.1f} M. The paper does not say what it counts; ",
        end="",
    )
    print(f"{(PAPER - release) / 1e6:.1f} M\nof its figure ({1 - release / PAPER:.2%}) stay open.")


if __name__ == "__main__":
    main()
