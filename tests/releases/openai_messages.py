"""A small dataset of OpenAI's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json


def message_row(*contents: Any, **others: Any) -> dict[str, Any]:
    """A row of messages, the first a person's."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": content} for n, content in enumerate(contents)]
    return {"messages": messages, **others}


def write_openai_messages(root: Path, *rows: Any) -> Path:
    """Writes 3 conversations: an image in the text, an image among parts, text alone; or these."""
    folder = root / "messages"
    for number in range(2):
        draw(folder / "photos" / f"{number}.jpg", f"o{number}")
    parts = [
        {"type": "image_url", "image_url": {"url": "photos/1.jpg"}},
        {"type": "text", "text": "Who is he?"},
    ]
    kept = list(rows) or [
        message_row("<image>Who is he?", "A referee.", images=["photos/0.jpg"]),
        message_row(parts, "A player."),
        message_row("Say hello.", [{"type": "text", "text": "Hello."}]),
    ]
    write_json(folder / "train.json", kept)
    return folder


LAYOUT = Layout(write_openai_messages, "messages/train.json")
