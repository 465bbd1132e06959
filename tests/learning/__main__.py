"""`just learn`: each fusion and projector learns the charts, one after the other.

python -m tests.learning [--steps N] [--charts N] [--only TEXT]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.learning.charts import KINDS
from tests.learning.run import RECIPE, learn, prepare
from tests.threads import one_thread
from trainer.recipe import load_recipe

FUSIONS = ("channel-concat", "sequence-append", "llava-hr", "mini-gemini", "deformable", "a-mof")
# Those that choose their tokens read all 64 cells of a grid and make 16 tokens of them.
PROJECTORS = {
    "mlp": ["model.projector={type: mlp, depth: 2}"],
    "resampler": [
        "model.grid=8",
        "model.projector={type: resampler, tokens: 16, depth: 2, width: 64, heads: 4}",
    ],
    "c-abstractor": [
        "model.grid=8",
        "model.projector={type: c-abstractor, tokens: 16, depth: 1, width: 64}",
    ],
    "d-abstractor": [
        "model.grid=8",
        "model.projector={type: d-abstractor, tokens: 16, depth: 2, width: 64, heads: 4}",
    ],
    "sva": [
        "model.fusion=separate",
        "model.projector={type: sva, queries: 4, depth: 2, width: 64}",
    ],
}


def designs() -> Iterator[tuple[str, list[str]]]:
    """Names and overrides: each fusion before a linear layer, then each other projector."""
    for fusion in FUSIONS:
        yield f"fusion {fusion}", [f"model.fusion={fusion}"]
    for name, overrides in PROJECTORS.items():
        yield f"projector {name}", overrides


def main(steps: int, charts: int, only: str) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        material = prepare(folder, lessons_charts=charts, questions_charts=300)
        programs = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
        print(f"{platform.platform()}, {os.cpu_count()} cores; {programs}")
        settle = load_recipe(RECIPE).value.stages[-1].steps
        print(f"{charts:,} charts, {steps:,} + {settle:,} steps of 16 samples, one thread")
        print("exact match of held-out questions; with the images of others, and chance")
        print(f"{'':<24}{'minutes':>8}" + "".join(f"{kind:>26}" for kind in KINDS), flush=True)
        for number, (name, overrides) in enumerate(designs()):
            if only not in name:
                continue
            started = time.monotonic()
            wanted = [*overrides, f"stages.learn.steps={steps}"]
            with one_thread():
                examined = learn(material, folder / f"run-{number}", wanted)
            minutes = (time.monotonic() - started) / 60
            own, others = examined.with_own_images(), examined.with_others_images()
            shares = (
                f"{own[k].share:>12.1%} {others[k].share:>6.1%} ({others[k].chance:.0%})"
                for k in KINDS
            )
            print(f"{name:<24}{minutes:>8.1f}" + "".join(f"{s:>26}" for s in shares), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000, help="before the rate falls")
    parser.add_argument("--charts", type=int, default=2800)
    parser.add_argument("--only", default="", help="designs whose name holds this")
    given = parser.parse_args()
    main(given.steps, given.charts, given.only)
