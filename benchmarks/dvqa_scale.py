"""`datakit plan` of a generated DVQA at the release's own size, beside plain readers of its file.

    python benchmarks/dvqa_scale.py [--questions 2300000] [--folder DIR] [--twice]

Draws the release (200,000 tiny images, one JSON list on one line), then runs each of these as a
whole process: `datakit plan`, `json.load` of the questions, an `ijson` pass over them. Prints wall
and processor seconds, the peak memory of all its processes summed (PSS, sampled), and ratios.
`--folder` keeps the release for the next run; `--twice` plans once more, from the cache of records.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from processors import machine_cpu_s

QUESTIONS_PER_IMAGE = 11.5
SAMPLE_SECONDS = 0.02
STRUCTURE = (
    ("How many bars are there?", "count"),
    ("Are the bars horizontal?", "yes-no"),
    ("Does the chart contain stacked bars?", "yes-no"),
    ("Is each bar a single solid color without patterns?", "yes-no"),
    ("What is the label of the {place} bar from the left?", "name"),
    ("What is the label of the {place} group of bars from the left?", "name"),
)
DATA = (
    ("What is the value of the largest bar?", "number"),
    ("What is the value of {a}?", "number"),
    ("What is the accuracy of the algorithm {a} in the dataset {b}?", "number"),
    ("How many units of the item {a} were sold in the store {b}?", "number"),
    ("What percentage of people prefer the object {a} in the category {b}?", "number"),
)
REASONING = (
    ("Is the value of {a} larger than {b}?", "yes-no"),
    ("What is the difference between the largest and the smallest value in the chart?", "number"),
    ("Which item sold the most units in any store?", "name"),
    ("How many items sold less than {number} units in at least one store?", "count"),
    ("What is the sum of the values of {a} and {b}?", "number"),
    ("Which object is preferred by the most number of people summed across categories?", "name"),
)
KINDS = {"structure": STRUCTURE, "data": DATA, "reasoning": REASONING}
SYLLABLES = [f"{c}{v}" for c in "bdfgklmnprst" for v in ("a", "e", "i", "o", "ea", "ou")]
PLACES = ("first", "second", "third", "fourth", "fifth")
MIXTURE = "name: scale\nsources:\n  - {dataset: dvqa, path: dvqa}\n"
START = "from datakit.cli.main import run; run()"
PACKAGES = ("orjson", "ijson", "polars", "pyarrow")
PLAIN_READERS = {
    "json.load": "import json, sys; json.load(open(sys.argv[1]))",
    "ijson": "import ijson, sys\nfor _ in ijson.items(open(sys.argv[1], 'rb'), 'item'): pass",
}


def rows(questions: int) -> Iterator[dict[str, Any]]:
    """The questions in the official form, image after image."""
    random_ = random.Random(0)
    words = ["".join(random_.choices(SYLLABLES, k=random_.choice((2, 2, 3)))) for _ in range(1000)]
    number, image = 0, 0
    while number < questions:
        image += 1
        names = random_.sample(words, 6)
        for _ in range(round(random_.uniform(QUESTIONS_PER_IMAGE - 4, QUESTIONS_PER_IMAGE + 4))):
            number += 1
            yield row(random_, number, f"bar_train_{image:08d}.png", names)


def row(random_: random.Random, number: int, image: str, names: list[str]) -> dict[str, Any]:
    """One question about one chart, whose bars have these names."""
    kind = random_.choice(list(KINDS))
    phrase, wants = random_.choice(KINDS[kind])
    a, b = random_.sample(names, 2)
    value = random_.choice(
        (str(random_.randrange(1, 100)), f"{random_.random() * 10:.2f}", "1e-05")
    )
    answers = {
        "yes-no": random_.choice(("yes", "no")),
        "name": a,
        "number": value,
        "count": str(random_.randrange(1, 12)),
    }
    question = phrase.format(a=a, b=b, place=random_.choice(PLACES), number=value)
    box = [round(random_.uniform(5, 400), 6) for _ in range(4)]
    return {
        "question": question,
        "question_id": number,
        "template_id": kind,
        "answer": answers[wants],
        "image": image,
        "answer_bbox": box if wants in ("name", "number") else [],
    }


def png(number: int) -> bytes:
    """An image of 1 x 1 px, another one for each number."""
    pixel = b"\0" + (number & 0xFFFFFF).to_bytes(3, "big")
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixel)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def draw_release(folder: Path, questions: int) -> Path:
    """Writes the release and returns its file of questions."""
    images = folder / "dvqa" / "images"
    images.mkdir(parents=True, exist_ok=True)
    file, seen = folder / "dvqa" / "train_qa.json", ""
    with file.open("w") as out:
        for index, record in enumerate(islice(rows(questions), questions)):
            out.write((", " if index else "[") + json.dumps(record))
            if record["image"] != seen:
                seen = record["image"]
                (images / seen).write_bytes(png(index))
        out.write("]")
    (folder / "scale.yaml").write_text(MIXTURE)
    return file


def family(pid: int) -> Iterator[int]:
    """A process and all that it started."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def memory_kb(pid: int) -> tuple[int, int]:
    """Its proportional share of memory, and what of it the system cannot take back.

    Pages that processes share are counted once; pages of files that are only read can be dropped.
    """
    found = {"Pss:": 0, "Pss_Anon:": 0, "Pss_Shmem:": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, *rest = line.split()
        if name in found:
            found[name] = int(rest[0])
    return found["Pss:"], found["Pss_Anon:"] + found["Pss_Shmem:"]


@dataclass(frozen=True, slots=True)
class Run:
    """One whole process: its time, its memory and what it printed.

    Attributes:
        peak_mb: of all its processes.
        kept_mb: the same without pages of files, which the system can drop.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    kept_mb: float
    output: str


def measure(command: list[str], folder: Path) -> Run:
    """Runs a command and watches the memory of all its processes."""
    environment = {**os.environ, "DATAKIT_CACHE": str(folder / "cache")}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    started, cpu_started, peaks_kb = time.perf_counter(), machine_cpu_s(), (0, 0)
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        while process.poll() is None:
            # One of them may just have ended.
            with suppress(FileNotFoundError, ProcessLookupError):
                now_kb = map(sum, zip(*map(memory_kb, list(family(process.pid))), strict=True))
                peaks_kb = tuple(map(max, peaks_kb, now_kb))
            time.sleep(SAMPLE_SECONDS)
        wall_s = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(text)
    peak_mb, kept_mb = (peak * 1024 / 1e6 for peak in peaks_kb)
    return Run(wall_s, machine_cpu_s() - cpu_started, peak_mb, kept_mb, text)


def main(questions: int, folder: Path, twice: bool) -> None:
    file = folder / "dvqa" / "train_qa.json"
    if not file.is_file():
        draw_release(folder, questions)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    images = sum(1 for _ in os.scandir(file.parent / "images"))
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {packages}")
    print(
        f"{questions:,} questions, {images:,} images, {file.stat().st_size / 1e6:,.0f} MB of JSON"
    )
    plan = [sys.executable, "-c", START, "plan", "scale.yaml", "--root", "."]
    measure([*plan, "--limit", "100"], folder)  # compiles datakit once, as for any user
    commands = {"datakit plan": plan}
    if twice:
        commands["datakit plan, again"] = plan
    for name, code in PLAIN_READERS.items():
        commands[name] = [sys.executable, "-c", code, str(file)]
    runs = {name: measure(command, folder) for name, command in commands.items()}
    base = runs["json.load"]
    print(f"\n{'':<20}  wall s   CPU s  CPU µs/record  peak MB   CPU, memory / json.load")
    for name, run in runs.items():
        print(
            f"{name:<20} {run.wall_s:7.1f} {run.cpu_s:7.1f} {run.cpu_s / questions * 1e6:14.1f} "
            f"{run.peak_mb:8.0f}   {run.cpu_s / base.cpu_s:.2f}, {run.peak_mb / base.peak_mb:.2f}"
        )
    for name in list(runs)[: 1 + twice]:
        print(f"\n$ {name}\n{runs[name].output}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=2_300_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--twice", action="store_true")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        main(arguments.questions, arguments.folder.resolve(), arguments.twice)
    else:
        with TemporaryDirectory() as temporary:
            main(arguments.questions, Path(temporary), arguments.twice)
