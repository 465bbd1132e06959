"""`datakit diff` of two large builds: its time and its memory, beside the builds' own time.

    python benchmarks/diff_scale.py [--samples 200000] [--folder DIR]

Draws conversations without images, and again with every tenth answer changed and every hundredth
conversation missing; builds both, with another seed for the second, so that no two samples stand in
the same place; then runs `datakit diff` as a process of its own. `--folder` keeps the builds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MIXTURE = (
    "name: scale\nseed: {seed}\nroot: {root}\noutput: {{shard_bytes: 32MB}}\nsources:\n"
    "  - {{dataset: sharegpt-4v, path: talk.json}}\n"
)
START = "from datakit.cli.main import run; run()"


def write_talk(path: Path, samples: int, *, changed: bool) -> None:
    """One JSON list of conversations of two turns, of about 400 characters."""
    with path.open("w") as file:
        for number in range(samples):
            if changed and number % 100 == 0:
                continue
            told = f"The answer to question {number} is {number * 7919 % samples}. " * 4
            told += "Otherwise." if changed and number % 10 == 1 else "As before."
            turns = [("human", f"What is number {number}?"), ("gpt", told)]
            turns += [("human", "Are you sure of it?"), ("gpt", f"Quite sure, for {number}.")]
            rows = [{"from": role, "value": value} for role, value in turns]
            file.write("[" if not file.tell() else ",\n")
            file.write(json.dumps({"id": f"talk-{number}", "conversations": rows}))
        file.write("]")


def build(folder: Path, name: str, samples: int, *, seed: int) -> float:
    """Builds one side into `folder/name`; wall seconds."""
    raw = folder / f"{name}-raw"
    raw.mkdir(parents=True)
    write_talk(raw / "talk.json", samples, changed=seed > 0)
    mixture = folder / f"{name}.yaml"
    mixture.write_text(MIXTURE.format(seed=seed, root=raw))
    started = time.perf_counter()
    command = [sys.executable, "-c", START, "build", str(mixture), "--out", str(folder / name)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def compare(folder: Path) -> tuple[float, resource.struct_rusage, dict[str, Any]]:
    """Wall seconds, what the process used, and its answer."""
    command = [sys.executable, "-c", START, "diff", str(folder / "a"), str(folder / "b"), "--json"]
    with (folder / "diff.json").open("wb") as answer, (folder / "diff.log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=answer, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    if status:
        raise SystemExit((folder / "diff.log").read_text())
    return seconds, used, json.loads((folder / "diff.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, polars {version('polars')}")
    with nullcontext(options.folder) if options.folder else TemporaryDirectory() as chosen:
        folder = Path(chosen)
        for seed, name in enumerate(("a", "b")):
            if not (folder / name).exists():
                seconds = build(folder, name, options.samples, seed=seed)
                print(f"build {name}: {seconds:.1f} s")
        size = sum(path.stat().st_size for path in (folder / "a" / "shards").iterdir())
        print(f"{options.samples:,} samples, {size / 1e6:,.0f} MB of shards each")
        seconds, used, fields = compare(folder)
    source = fields["sources"][0]
    kept = source["kept_samples"]
    names = ("kept_samples", "removed_samples", "changed_text_samples", "moved_records")
    print(", ".join(f"{name} {source[name]}" for name in names))
    print(
        f"datakit diff: {seconds:.1f} s, CPU {used.ru_utime + used.ru_stime:.1f} s, "
        f"{seconds / kept * 1e6:.0f} µs a kept sample, peak {used.ru_maxrss / 1e3:,.0f} MB"
    )


if __name__ == "__main__":
    main()
