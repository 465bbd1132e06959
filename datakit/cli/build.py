"""`datakit build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datakit.cli.options import (
    LimitOption,
    MixtureArgument,
    RootOption,
    SetOption,
    TemplatesOption,
)
from datakit.cli.progress import BuildDisplay


def build(
    mixture: MixtureArgument,
    out: Annotated[Path, typer.Option("--out", help="The output folder.")],
    root: RootOption = None,
    templates: TemplatesOption = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes that write; default: cores.")
    ] = None,
    limit: LimitOption = None,
    overrides: SetOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier build's output, and nothing else.")
    ] = False,
) -> None:
    """Build a mixture's shards, or go on where an earlier call stopped."""
    import datakit
    from datakit.cli.summary import build_summary

    display = BuildDisplay()
    try:
        result = datakit.build(
            mixture,
            out=out,
            root=root,
            templates=templates,
            workers=workers,
            limit_records=limit,
            overrides=overrides or (),
            force=force,
            progress=display.progress(),
        )
    except KeyboardInterrupt:
        display.say("\ninterrupted; whole shards are kept, and the same command goes on from there")
        raise
    finally:
        display.close()
    if not result.written_shards:
        print(f"{out} is whole already; nothing was written.\n")
    print(build_summary(result.path, result.manifest))
