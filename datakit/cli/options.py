"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MixtureArgument = Annotated[
    str, typer.Argument(metavar="MIXTURE", help="A mixture file, or the name of a shipped one.")
]
BuildArgument = Annotated[str, typer.Argument(metavar="DIR", help="A build's folder or URL.")]
RootOption = Annotated[
    str | None, typer.Option("--root", help="Folder or URL of the raw data, not the mixture's.")
]
TemplatesOption = Annotated[
    Path | None, typer.Option("--templates", help="A folder of your own template sets.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key; may be given again."),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="Read only so many records of each source.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
