"""A small dataset of OpenAI's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, draw, write_json
from tests.releases.tables import write_tables


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


def write_messages_hub(root: Path) -> Path:
    """Writes the rows as a set on the Hub has them: text alone, the images beside it."""
    release = write_openai_messages(root / "release")
    photos = [release / "photos" / f"{number}.jpg" for number in range(2)]
    rows = [
        message_row("<image>Who is he?", "A referee.", images=photos[:1]),
        message_row("<image>\nWho is he?", "A player.", images=photos[1:]),
        message_row("Say hello.", "Hello.", images=[]),
    ]
    write_tables(root / "messages-hub" / "data", "train", rows, ("images",))
    return root / "messages-hub"


LAYOUT = Layout(write_openai_messages, "messages/train.json")
HUB = Layout(write_messages_hub, "messages-hub")
