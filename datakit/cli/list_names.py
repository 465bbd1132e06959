"""`datakit list`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from datakit.cli.options import TemplatesOption


class Kind(StrEnum):
    """What can be listed."""

    converters = "converters"
    datasets = "datasets"
    templates = "templates"
    mixtures = "mixtures"


def list_names(
    kind: Annotated[Kind, typer.Argument(help="What to list.")], templates: TemplatesOption = None
) -> None:
    """List the converters, datasets, template sets or mixtures there are."""
    from datakit.catalog import summaries
    from datakit.console import format_table

    print(
        format_table(
            ["name", "what"], [[n, w] for n, w in summaries(kind.value, templates)], left=2
        )
    )
