"""A small release in Alpaca's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.releases.common import Layout, write_json


def write_alpaca(root: Path, *rows: Any) -> Path:
    """Writes 3 instructions, of which one has an input; or these rows."""
    kept = list(rows) or [
        {"instruction": "Put the words in order.", "input": "pear, fig", "output": "fig, pear"},
        {"instruction": "Name a colour.", "input": "", "output": "Red."},
        {"instruction": "Name a city.", "output": "Porto."},
    ]
    return write_json(root / "alpaca" / "alpaca_data.json", kept).parent


LAYOUT = Layout(write_alpaca, "alpaca")
HUB = "text needs no images beside it"
