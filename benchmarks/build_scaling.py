"""How `datakit build` grows with samples: conversations of text, by two workers.

    python benchmarks/build_scaling.py [--samples 10000 30000 …] [--plot FILE.svg]

Wall and processor seconds, and the most memory that all processes had together (PSS, so that shared
pages count once). Nothing comes from a cache. With workers: `build_throughput.py`.
`--plot` takes matplotlib, which nothing else here needs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from dvqa_scale import START, SYLLABLES, Run, measure

SAMPLES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
PACKAGES = ("pillow", "polars", "pyarrow", "orjson")
TEXTS = """\
name: texts
root: .
output: {shard_bytes: 64MB}
sources:
  - {dataset: sharegpt, path: texts.json}
"""


def write_texts(folder: Path, samples: int) -> None:
    """Conversations of two exchanges with a few hundred letters each, as ShareGPT has them."""
    random_ = random.Random(0)
    words = ["".join(random_.choices(SYLLABLES, k=random_.choice((1, 2, 3)))) for _ in range(5000)]
    with (folder / "texts.json").open("w") as file:
        for number in range(samples):
            texts = [" ".join(random_.choices(words, k=k)) for k in (12, 60, 8, 40)]
            turns = [
                {"from": ("human", "gpt")[turn % 2], "value": text}
                for turn, text in enumerate(texts)
            ]
            row = {"id": f"talk-{number}", "conversations": turns}
            file.write((", " if number else "[") + json.dumps(row))
        file.write("]")
    (folder / "texts.yaml").write_text(TEXTS)


def build(folder: Path) -> Run:
    """One whole `datakit build` by two workers, which reads no cache of records."""
    for name in ("output", "cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    command = [sys.executable, "-c", START, "build", "texts.yaml", "--root", ".", "--out", "output"]
    return measure([*command, "--workers", "2"], folder)


def by_samples(folder: Path, counts: Sequence[int]) -> dict[int, Run]:
    """Prints time and memory of each number of samples."""
    print("\ntext conversations, 2 workers")
    names = f"{'CPU µs/sample':>15}{'peak MB':>9}{'of it kept':>12}{'bytes/sample more':>19}"
    print(f"{'samples':>10}{'wall s':>9}{'CPU s':>8}{names}")
    write_texts(folder, 100)
    build(folder)  # compiles datakit once, as for any user
    runs: dict[int, Run] = {}
    for count in counts:
        write_texts(folder, count)
        run = build(folder)
        first, base = next(iter(runs.items()), (count, run))
        more = (run.kept_mb - base.kept_mb) * 1e6 / (count - first) if count > first else 0.0
        print(
            f"{count:>10,}{run.wall_s:>9.1f}{run.cpu_s:>8.1f}{run.cpu_s / count * 1e6:>15.0f}"
            f"{run.peak_mb:>9.0f}{run.kept_mb:>12.0f}{more:>19.0f}",
            flush=True,
        )
        runs[count] = run
    return runs


def plot(runs: dict[int, Run], file: Path) -> None:
    """Draws processor seconds and memory over samples, beside straight lines."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "datakit"
    from matplotlib import pyplot

    counts = list(runs)
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    columns = {"processor s": [r.cpu_s for r in runs.values()]}
    columns["peak memory kept, MB"] = [r.kept_mb for r in runs.values()]
    for axis, (label, values) in zip(axes, columns.items(), strict=True):
        slope = (values[-1] - values[0]) / (counts[-1] - counts[0])
        line = [values[0] + slope * (count - counts[0]) for count in counts]
        axis.plot(counts, line, color="0.7", linewidth=1, label="straight line")
        axis.plot(counts, values, "o-", color="tab:blue", markersize=4, label="measured")
        axis.set_xlabel("samples")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
    axes[0].legend(frameon=False)
    figure.savefig(file, metadata={"Date": None})


def main(folder: Path, counts: Sequence[int], file: Path | None) -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print(f"Python {platform.python_version()}, {packages}")
    runs = by_samples(folder, counts)
    if file:
        plot(runs, file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, nargs="+", default=SAMPLES)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        main(Path(temporary), given.samples, given.plot)
