"""`datakit init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A table of your own, or raw datasets.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The mixture to write; default: NAME.yaml here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a mixture to start from: for a CSV, JSON or Parquet file, or a folder of datasets."""
    from datakit.errors import UsageError
    from datakit.starter import start_mixture

    guessed = start_mixture(path)
    file = out or Path(f"{guessed.name}.yaml")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already. Name another by --out, or replace it: --force.")
    file.write_text(guessed.text, encoding="utf-8")
    print(guessed.text)
    print(f"wrote {file}:")
    print("".join(f"  {note}\n" for note in guessed.notes))
    print(f"next:  datakit check {file}\n       datakit preview {file} -n 3")
    print(f"       datakit build {file} --out out/{guessed.name}")
