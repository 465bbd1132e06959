"""`datakit show`."""

from __future__ import annotations

from typing import Annotated

import typer

from datakit.cli.options import TemplatesOption


def show(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="converter, dataset, template or mixture.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `datakit list` prints it.")],
    templates: TemplatesOption = None,
) -> None:
    """Show one converter, dataset, template set or mixture in full."""
    from datakit.catalog import describe

    print(describe(kind, name, templates))
