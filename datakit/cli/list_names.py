"""`datakit list`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from datakit.cli.options import JsonOption, TemplatesOption
from datakit.console import print_json


class Kind(StrEnum):
    """What can be listed."""

    converters = "converters"
    datasets = "datasets"
    templates = "templates"
    mixtures = "mixtures"


def list_names(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="What to list.")],
    templates: TemplatesOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the converters, datasets, template sets or mixtures there are."""
    from datakit.catalog import summaries
    from datakit.console import format_table, screen_width

    found = summaries(kind.value, templates)
    if as_json:
        names = [{"name": name, "what": what} for name, what in found]
        print_json({"kind": kind.value, "names": names})
        return
    rows = [[name, what] for name, what in found]
    print(format_table(["name", "what"], rows, left=2, width=screen_width()))
