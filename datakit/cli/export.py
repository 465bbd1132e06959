"""`datakit export`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datakit.cli.options import BuildArgument
from datakit.console import counted

if TYPE_CHECKING:
    from datakit.exporting import ExportResult


def export(
    build: BuildArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="llava, llamafactory, swift or parquet.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier export, and nothing else.")
    ] = False,
) -> None:
    """Write a build's samples in the format of another program.

    llava: `train.json`. A system message leads the first human turn; of several images `image` is a
    list; boxes stay in the text alone.

    llamafactory: `train.jsonl`, registered in `dataset_info.json`. Boxes stay in the text alone.

    swift: `train.jsonl`. Boxes in the text become `<bbox>`, with their pixels in `objects`; set
    ROOT_IMAGE_DIR to the folder.

    parquet: with the images in it, for `datasets.load_dataset`; nothing is changed.

    No sample is left out. What a format cannot hold is counted, printed, and told in `export.json`.
    """
    import datakit

    print(_summary(datakit.export(build, to=to, out=out, force=force, on_shard=_say)))


def _say(done: int, total: int) -> None:
    with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
        sys.stderr.write(f"{done:,} of {counted(total, 'shard')}\n")


def _summary(result: ExportResult) -> str:
    splits = ", ".join(f"{counted(n, 'sample')} ({split})" for split, n in result.samples.items())
    files = f" in {counted(result.image_files, 'file')}" if result.image_files else ""
    lines = [
        f"{result.path}, for {result.target}: {splits}, {counted(result.turns, 'turn')}, "
        f"{counted(result.images, 'image')}{files}"
    ]
    lines += [
        f"{count:,} {name.replace('_', ' ')}: {result.rules[name]}"
        for name, count in result.adjusted.items()
        if count
    ]
    return "\n".join(lines)
