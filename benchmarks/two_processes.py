"""Losses of one process beside those of two, with the same recipe, data and global batch.

    python benchmarks/two_processes.py BUILD

BUILD is a folder that `datakit build` wrote, such as the quickstart's. Prints each step's losses
and the largest difference; the recipe is `tiny` in fp32 and in bf16.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

STEPS = {"project": 4, "tune": 12}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


def losses(build: Path, out: Path, launcher: list[str], precision: str) -> list[float]:
    """Trains and returns the loss of every step of all stages."""
    command = [sys.executable, *launcher, "-m", "trainer", "fit", "tiny"]
    command += ["--data", str(build), "--out", str(out), "--set", f"precision={precision}"]
    for stage, steps in STEPS.items():
        command += ["--set", f"stages.{stage}.steps={steps}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    lines = [line for stage in STEPS for line in (out / stage / "metrics.jsonl").open()]
    return [float(json.loads(line)["loss"]) for line in lines]


def main(build: Path) -> None:
    names = ("torch", "deepspeed", "transformers", "timm")
    print(platform.platform(), ", ".join(f"{name} {version(name)}" for name in names))
    for precision in ("fp32", "bf16"):
        with TemporaryDirectory() as folder:
            one = losses(build, Path(folder) / "one", [], precision)
            two = losses(build, Path(folder) / "two", TORCHRUN, precision)
        print(f"\n{precision}: step, loss of one process, loss of two")
        for step, pair in enumerate(zip(one, two, strict=True), start=1):
            print(f"{step:>4}  {pair[0]:.6f}  {pair[1]:.6f}")
        largest = max(abs(a - b) for a, b in zip(one, two, strict=True))
        print(f"largest difference {largest:.2e}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
