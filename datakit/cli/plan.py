"""`datakit plan`."""

from __future__ import annotations

from typing import Annotated

import typer

from datakit.cli.options import (
    JsonOption,
    LimitOption,
    MixtureArgument,
    RootOption,
    SetOption,
    TemplatesOption,
)
from datakit.cli.progress import BuildDisplay
from datakit.console import print_json


def plan(
    mixture: MixtureArgument,
    root: RootOption = None,
    templates: TemplatesOption = None,
    limit: LimitOption = None,
    overrides: SetOption = None,
    no_images: Annotated[
        bool,
        typer.Option(
            "--no-images", help="Look for no image, as where they are not at hand; sizes lack."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what a build would write, before a byte is written: by source, task and category.

    What --json prints, `datakit diff` compares.
    """
    import datakit
    from datakit.cli.plan_summary import plan_summary
    from datakit.inspect import plan_fields

    with BuildDisplay() as display:
        made = datakit.plan(
            mixture,
            root=root,
            templates=templates,
            limit_records=limit,
            overrides=overrides or (),
            without_images=no_images,
            progress=display.progress(),
        )
    if as_json:
        print_json(plan_fields(made))
    else:
        print(plan_summary(made))
