"""`just learn`: each fusion and projector learns the charts, one after the other.

python -m tests.learning [--steps N] [--charts N] [--only TEXT]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.learning.charts import KINDS
from tests.learning.run import learn, prepare

FUSIONS = ("channel-concat", "sequence-append", "llava-hr", "mini-gemini", "deformable", "a-mof")
PROJECTORS = {
    "linear": "{type: linear}",
    "mlp": "{type: mlp, depth: 2}",
    "resampler": "{type: resampler, tokens: 64, depth: 2, width: 64, heads: 4}",
    "c-abstractor": "{type: c-abstractor, tokens: 64, depth: 1, width: 64}",
    "d-abstractor": "{type: d-abstractor, tokens: 64, depth: 2, width: 64, heads: 4}",
}


def designs() -> Iterator[tuple[str, list[str]]]:
    """Names and overrides: every fusion with the MLP, every projector after concatenation, SVA."""
    for fusion in FUSIONS:
        yield f"{fusion} + mlp", [f"model.fusion={fusion}"]
    for name, keys in PROJECTORS.items():
        if name != "mlp":
            yield f"channel-concat + {name}", [f"model.projector={keys}"]
    yield (
        "separate + sva",
        ["model.fusion=separate", "model.projector={type: sva, queries: 8, depth: 2, width: 64}"],
    )


def main(steps: int, charts: int, only: str) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        material = prepare(folder, lessons_charts=charts, questions_charts=300)
        print(f"{charts:,} charts, {steps:,} steps; exact match, and with others' images (chance)")
        print(f"{'':<30}{'minutes':>8}" + "".join(f"{kind:>26}" for kind in KINDS))
        for number, (name, overrides) in enumerate(designs()):
            if only not in name:
                continue
            started = time.monotonic()
            wanted = [*overrides, f"stages.all.steps={steps}"]
            examined = learn(material, folder / f"run-{number}", wanted)
            minutes = (time.monotonic() - started) / 60
            own, others = examined.with_own_images(), examined.with_others_images()
            shares = (
                f"{own[k].share:>12.1%} {others[k].share:>6.1%} ({others[k].chance:.0%})"
                for k in KINDS
            )
            print(f"{name:<30}{minutes:>8.1f}" + "".join(f"{s:>26}" for s in shares), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--charts", type=int, default=2400)
    parser.add_argument("--only", default="", help="designs whose name holds this")
    given = parser.parse_args()
    main(given.steps, given.charts, given.only)
