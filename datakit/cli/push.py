"""`datakit push`."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from datakit.cli.options import BuildArgument
from datakit.console import counted, size_text

if TYPE_CHECKING:
    from datakit.publishing import PushResult


def push(
    build: BuildArgument,
    repo: Annotated[
        str,
        typer.Argument(
            metavar="REPO", help="owner/name on the Hub, or a folder that starts with / or ./"
        ),
    ],
    revision: Annotated[
        str | None, typer.Option("--revision", help="A branch; made where there is none.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let all read a repository that is made here.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be sent, and send nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace another build there, and nothing else.")
    ] = False,
) -> None:
    """Send a finished build to the Hub, or to another folder: whole there, or absent.

    Every file is first compared with the manifest. On the Hub all of it becomes one commit; a push
    that was stopped goes on with the same command. A new repository is private without --public.

    What is not sent: build.log.jsonl, the one file that differs between equal builds.

    The token is that of `hf auth login`, or HF_TOKEN.
    """
    import datakit

    result = datakit.push(
        build,
        repo,
        revision=revision,
        public=public,
        force=force,
        dry_run=dry_run,
        on_file=_say,
    )
    if dry_run:
        for path, size_bytes in result.files.items():
            print(f"send    {size_bytes:>15,} bytes  {path}")
        for path in result.removed:
            print(f"remove  {'':>15}        {path}")
    print(_summary(result, dry_run))


def _say(path: str, done: int, total: int) -> None:
    with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
        sys.stderr.write(f"{done:,} of {counted(total, 'file')}: {path}\n")


def _summary(result: PushResult, dry_run: bool) -> str:
    if not result.files and not result.removed:
        return f"{result.address} holds this build already; nothing was sent."
    sent = f"{counted(len(result.files), 'file')}, {size_text(sum(result.files.values()))}"
    kept = f", {counted(len(result.kept), 'file')} there already" if result.kept else ""
    removed = f", {counted(len(result.removed), 'file')} removed" if result.removed else ""
    verb = "would be sent" if dry_run else "sent"
    return f"{result.address}: {sent} {verb}{kept}{removed}."
