"""`datakit build`."""

from __future__ import annotations

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
    out: Annotated[str, typer.Option("--out", help="The output folder, or a URL (s3://…).")],
    root: RootOption = None,
    templates: TemplatesOption = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Shards written at once; default: one a core."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="local|ray", help="Who writes them: processes, or Ray."),
    ] = "local",
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
            engine=engine,
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
