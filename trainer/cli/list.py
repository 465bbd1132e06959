"""`trainer list`."""

from __future__ import annotations

from typing import Annotated

import typer


def list_kind(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="recipes, encoders, fusions, projectors, geometries or chat-templates.",
        ),
    ],
) -> None:
    """List what a recipe can name."""
    import trainer
    from datakit.console import format_table, screen_width

    rows = [[name, what] for name, what in trainer.catalog(kind).items()]
    print(format_table(["name", "what it is"], rows, left=2, width=screen_width()))
