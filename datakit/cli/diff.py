"""`datakit diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from datakit.cli.options import JsonOption, LimitOption, RootOption, TemplatesOption
from datakit.cli.progress import BuildDisplay
from datakit.console import print_json

SIDE = "A build's folder, a mixture, or what `plan --json` wrote."


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=SIDE)],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, to compare it with.")],
    show: Annotated[
        int, typer.Option("--show", min=0, help="Samples with another text that are shown.")
    ] = 3,
    root: RootOption = None,
    templates: TemplatesOption = None,
    limit: LimitOption = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 where they differ, as git's does.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two builds or plans.

    Settings; samples by source, by their keys; texts, images and templates of builds; what became
    of records. A mixture is planned first. The exit status is 0 also where they differ, unless
    --exit-code is given.
    """
    import datakit
    from datakit.cli.diff_summary import diff_fields, diff_summary

    with BuildDisplay() as display:
        found = datakit.diff(
            before,
            after,
            show_texts=show,
            root=root,
            templates=templates,
            limit_records=limit,
            progress=display.progress(),
            on_samples=display.compared,
        )
    if as_json:
        print_json(diff_fields(found))
    else:
        print(diff_summary(found))
    if exit_code and found.differs:
        raise typer.Exit(1)
