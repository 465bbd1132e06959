"""`datakit demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other drawings.")] = 0,
    records: Annotated[int, typer.Option("--records", min=30, help="About so many.")] = 300,
) -> None:
    """Draw a small raw dataset in the layouts of ChartQA, DocVQA and ShareGPT-4V."""
    from datakit.demo import write_demo

    print(write_demo(folder, seed=seed, records=records))
