"""`trainer chat`."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer


def chat(
    model: Annotated[Path, typer.Argument(metavar="DIR", help="A model: RUN/<stage>/model.")],
    image: Annotated[
        list[Path] | None, typer.Option("--image", help="An image; may be given again.")
    ] = None,
    message: Annotated[
        str | None,
        typer.Option("--message", help="What to ask; without it, each line of stdin is a message."),
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", min=1, help="Longest answer, in tokens.")
    ] = 128,
) -> None:
    """Ask a trained model about an image and print its answers."""
    import trainer

    session = trainer.ChatSession(model, image or ())
    # Bytes that are no UTF-8 become characters that `say` refuses, as those of `--message` are.
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    for line in [message] if message is not None else map(str.strip, lines):
        if line:
            print(session.say(line, max_new_tokens=max_new_tokens), flush=True)
