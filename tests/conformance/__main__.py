"""Other programs' own loaders read builds and their exports, each in an environment of its own.

    python -m tests.conformance [--keep DIR]

Their pins conflict with ours and with each other, so uv makes an environment for each script from
what its first lines ask for (PyPI only; about 10 GB in uv's cache, nearly all of it two PyTorches).
What they read is compared with the builds, sample by sample: every text, every trained answer, the
digest of every image, every box. Ends with status 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datakit
from datakit.demo import write_demo
from tests.exporting.mixed import write_mixed_build

HERE = Path(__file__).parent
READERS = {"wids": "", "llava": "llava", "llamafactory": "llamafactory", "swift": "swift"}
PIXEL_BOX = re.compile(r"\[\d+\.\d(?:,\d+\.\d){3}\]")
HARMLESS = re.compile(r"(<|ASSISTANT) (?=bbox>|ref-object>|img>|/?s>|: )")
DEFAULT_SYSTEM = "You are a helpful assistant."
Sample = dict[str, Any]


@dataclass(frozen=True)
class Build:
    """A build, and what the readers of its exports should find."""

    name: str
    path: Path
    samples: list[datakit.LoadedSample]


def main(folder: Path) -> bool:
    """Builds, exports, reads and compares; whether all agree."""
    python = platform.python_version()
    print(f"{platform.platform()}, Python {python}, datakit {datakit.__version__}")
    faults = 0
    for build in (mixed(folder / "mixed"), quickstart(folder / "quickstart")):
        images = sum(len(sample.images) for sample in build.samples)
        turns = sum(len(sample.provenance.turns) for sample in build.samples)
        boxes = sum(len(sample.objects) for sample in build.samples)
        print(
            f"\n{build.name}: {len(build.samples):,} samples, {images:,} images, {turns:,} turns, "
            f"{boxes:,} boxes"
        )
        for reader, target in READERS.items():
            found, versions = read(reader, target, build, folder)
            wrong = differences(reader, build, found)
            print(f"  {reader}: {told(found)}; {'; '.join(wrong) or 'equal to the build'}")
            print(f"    {versions}")
            faults += len(wrong)
    return not faults


def mixed(folder: Path) -> Build:
    """Every kind of sample: text, an image of each type, several images, a system turn, boxes."""
    path = write_mixed_build(folder)
    return Build("mixed", path, list(datakit.open(path)))


def quickstart(folder: Path) -> Build:
    """The quickstart mixture of 1,000 drawn records, in several shards."""
    write_demo(folder / "raw", seed=0, records=1000)
    changes = ["output.shard_samples=100"]
    path = folder / "out"
    datakit.build("quickstart", root=folder / "raw", out=path, overrides=changes)
    return Build("quickstart", path, list(datakit.open(path)))


def read(reader: str, target: str, build: Build, folder: Path) -> tuple[list[Sample], str]:
    """Exports a build where the reader needs it, and lets the reader's script report."""
    source = build.path
    if target:
        source = folder / f"{build.name}-{target}"
        datakit.export(build.path, to=target, out=source)
    report = folder / f"{build.name}-{reader}.json"
    command = ["uv", "run", "--quiet", "--script", str(HERE / f"read_{reader}.py")]
    done = subprocess.run([*command, str(source), str(report)], capture_output=True, text=True)
    if done.returncode:
        output = f"{done.stdout[-3000:]}{done.stderr[-6000:]}"
        raise SystemExit(f"{reader} fails at {build.name}:\n{output}")
    fields = json.loads(report.read_text())
    return fields["samples"], ", ".join(f"{k} {v}" for k, v in fields["versions"].items())


def told(found: list[Sample]) -> str:
    """What a reader read, in units."""
    images = sum(len(sample["images"]) for sample in found)
    turns = sum(m["role"] == "assistant" for sample in found for m in sample["messages"])
    boxes = sum(len(sample.get("boxes", ())) for sample in found)
    stated = f", {boxes:,} boxes" if boxes else ""
    return f"{len(found):,} samples, {images:,} images, {turns:,} turns{stated}"


def differences(reader: str, build: Build, found: list[Sample]) -> list[str]:
    """In which parts the samples that were read are not those of the build, in any order."""
    expected = [as_read(reader, sample) for sample in build.samples]
    parts = [part for part in expected[0] if any(part in sample for sample in found)]
    wrong = []
    for part in parts:
        missing = counted(expected, part) - counted([normal(sample) for sample in found], part)
        if missing or len(found) != len(expected):
            wrong.append(f"{missing.total():,} samples differ in {part}, such as {[*missing][:1]}")
    return wrong


def as_read(reader: str, sample: datakit.LoadedSample) -> Sample:
    """What a reader should report of a sample; parts that it does not report are not compared."""
    messages = [{"role": m.role, "content": m.content} for m in sample.messages]
    if reader == "llava" and messages[0]["role"] == "system":
        system = messages.pop(0)["content"]
        messages[0]["content"] = f"{system}\n\n{messages[0]['content']}"
    trained = [message["content"] for message in messages if message["role"] == "assistant"]
    expected = {"messages": messages, "trained": trained, "images": list(sample.image_sha256)}
    if reader == "swift":
        expected["boxes"] = thousandths(sample)
        expected |= json.loads(PIXEL_BOX.sub("[box]", json.dumps(expected)))
    return expected


def thousandths(sample: datakit.LoadedSample) -> list[list[int]]:
    """Its boxes as Qwen2-VL has them: in thousandths of the image."""
    sizes = [image.size for image in sample.open_images()]
    return [
        [round(v / side * 1000) for v, side in zip(box.bbox_px, sizes[box.image] * 2, strict=True)]
        for box in sample.objects
    ]


def normal(sample: Sample) -> Sample:
    """A sample as it was read, without a template's own system message and the export's spaces."""
    first, *rest = sample["messages"]
    kept = rest if first == {"role": "system", "content": DEFAULT_SYSTEM} else sample["messages"]
    restored: Sample = json.loads(HARMLESS.sub(r"\1", json.dumps({**sample, "messages": kept})))
    return restored


def counted(samples: list[Sample], part: str) -> Counter[str]:
    return Counter(json.dumps(sample[part]) for sample in samples)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a new folder for builds, exports and reports")
    keep = parser.parse_args().keep
    if keep:
        keep.mkdir(parents=True)
        sys.exit(not main(keep))
    with TemporaryDirectory() as temporary:
        sys.exit(not main(Path(temporary)))
