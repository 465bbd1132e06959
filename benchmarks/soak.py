"""Builds that are killed, a build on Ray, and a million samples.

    python benchmarks/soak.py [--kills 10] [--samples 1000000] [--ray]

Kills: a build of 20,000 samples in 100 shards is killed with all its processes (`kill -9`) once a
random number of shards is there, again and again. After each kill every shard that is there has the
bytes of the build that nobody killed; in the end so has every file. Ray: that build, those bytes.
Samples: builds of text alone, a hundredth, a tenth and all of `--samples`; time, peak memory of all
processes (PSS, sampled) and bytes, a sample. 0 leaves a part out. Ends with status 1 where a byte
differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from dvqa_scale import START, measure

PACKAGES = ("polars", "pyarrow", "orjson")
KILLED_SAMPLES, SHARD_SAMPLES = 20_000, 200
LOOK_SECONDS = 0.005
WORDS = ("pear", "fig", "plum", "lime", "date", "sloe")
MIXTURE = """\
name: soak
seed: 1
balance: {{cap_samples: null}}
output: {{shard_samples: {shard_samples}}}
sources:
  - {{dataset: alpaca, path: alpaca}}
"""


def draw_release(folder: Path, samples: int, shard_samples: int) -> None:
    """Writes so many instructions, no two alike, and a mixture of them."""
    (folder / "alpaca").mkdir(parents=True)
    words = random.Random(0).choices(WORDS, k=10 * samples)
    with (folder / "alpaca" / "alpaca_data.json").open("w") as file:
        for number in range(samples):
            text = " ".join(words[10 * number : 10 * number + 10])
            row = {"instruction": f"Sort list {number}.", "input": text, "output": text.upper()}
            file.write(("[" if number == 0 else ",\n") + json.dumps(row))
        file.write("]")
    (folder / "soak.yaml").write_text(MIXTURE.format(shard_samples=shard_samples))


def command(out: str, *more: str) -> list[str]:
    """A build of the release in the current folder."""
    build = ["build", "soak.yaml", "--root", ".", "--out", out, *more]
    return [sys.executable, "-c", START, *build]


def digests(build: Path) -> dict[str, str]:
    """SHA-256 of every file of a build, the log and the work folder aside."""
    return {
        path.relative_to(build).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(build.rglob("*"))
        if path.is_file() and path.name != "build.log.jsonl" and ".build" not in path.parts
    }


def one_digest(files: dict[str, str]) -> str:
    """A hash of all names and digests."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def same(name: str, build: Path, expected: dict[str, str]) -> bool:
    """Prints whether two builds are equal, and the digest of the one."""
    found = digests(build)
    wrong = sorted(path for path in found | expected if found.get(path) != expected.get(path))
    told = f"differs in {wrong[:3]}" if wrong else "the same bytes"
    print(f"{name}: {len(found)} files, digest {one_digest(found)[:16]}, {told}")
    return not wrong


def soak_kills(folder: Path, kills: int) -> bool:
    """Kills builds at random moments, until so many kills have hit one."""
    folder.mkdir()
    draw_release(folder, KILLED_SAMPLES, SHARD_SAMPLES)
    whole = measure(command("whole"), folder)
    expected = digests(folder / "whole")
    print(
        f"\n{kills} kills of a build of {KILLED_SAMPLES:,} samples, {len(expected)} files; "
        f"{whole.wall_s:.1f} s where nobody kills it"
    )
    draws, done, good = random.Random(7), 0, True
    while done < kills:
        there = len(shards_of(folder / "killed"))
        if not killed_at(folder, draws.randint(there, len(shards_of(folder / "whole")))):
            good &= same("  it was faster than the kill", folder / "killed", expected)
            shutil.rmtree(folder / "killed")
            continue
        done += 1
        good &= only_whole(f"  kill {done}", folder / "killed", expected)
    measure(command("killed"), folder)
    return same("  the same command once more", folder / "killed", expected) and good


def killed_at(folder: Path, shards: int) -> bool:
    """Starts a build, kills it and its workers at so many shards; false where it ended before."""
    process = subprocess.Popen(
        command("killed"),
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DATAKIT_CACHE": "off"},
    )
    while process.poll() is None:
        if len(shards_of(folder / "killed")) >= shards:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    return process.wait() == -signal.SIGKILL


def shards_of(build: Path) -> list[Path]:
    """The shards that are there."""
    return sorted((build / "shards").glob("*.tar"))


def only_whole(name: str, build: Path, expected: dict[str, str]) -> bool:
    """Prints how many shards are there, and whether one of them is not whole."""
    shards = shards_of(build)
    files = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in shards}
    wrong = [path.name for path in shards if files[path] != expected[f"shards/{path.name}"]]
    finished = (build / "manifest.json").is_file()
    told = f"not whole: {wrong}" if wrong else "all whole"
    print(f"{name}: {len(shards)} shards, {told}{', manifest written' if finished else ''}")
    return not wrong


def soak_ray(folder: Path) -> bool:
    """Builds what was killed once more, on a local Ray."""
    run = measure(command("ray", "--engine", "ray"), folder)
    print(f"\nRay {version('ray')}: {run.wall_s:.1f} s")
    return same("  the build on Ray", folder / "ray", digests(folder / "whole"))


def soak_samples(folder: Path, samples: int) -> None:
    """Prints time and memory of builds of three sizes, and each beside the one before."""
    print(
        "\n  samples   wall s    CPU s  CPU µs/sample  peak MB  shard bytes/sample  CPU, memory x"
    )
    last = None
    for count in (samples // 100, samples // 10, samples):
        draw_release(folder / str(count), count, max(count // 100, 1))
        run = measure(command("out"), folder / str(count))
        shards = sum(p.stat().st_size for p in (folder / str(count) / "out" / "shards").iterdir())
        ratio = f"{run.cpu_s / last.cpu_s:.2f}, {run.peak_mb / last.peak_mb:.2f}" if last else ""
        print(
            f"{count:>9,} {run.wall_s:>8.1f} {run.cpu_s:>8.1f} {run.cpu_s / count * 1e6:>14.1f} "
            f"{run.peak_mb:>8.0f} {shards / count:>19.0f}  {ratio}",
            flush=True,
        )
        last = run
        shutil.rmtree(folder / str(count))


def main(kills: int, samples: int, ray: bool) -> bool:
    """Runs the parts in turn; whether all bytes were the same."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, {packages}", flush=True)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        good = not kills or soak_kills(folder / "kills", kills)
        if ray:
            good &= soak_ray(folder / "kills")
        if samples:
            soak_samples(folder / "samples", samples)
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--ray", action="store_true")
    arguments = parser.parse_args()
    sys.exit(not main(arguments.kills, arguments.samples, arguments.ray))
