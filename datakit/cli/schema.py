"""`datakit schema`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """Files that have a schema."""

    mixture = "mixture"
    template = "template"


def schema(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="Which file.")],
) -> None:
    """Print the JSON schema of a mixture or a template set, for editors."""
    import orjson

    from datakit.instructize import TemplateSet
    from datakit.mixture import Mixture

    model = Mixture if kind is Kind.mixture else TemplateSet
    print(orjson.dumps(model.model_json_schema(), option=orjson.OPT_INDENT_2).decode())
