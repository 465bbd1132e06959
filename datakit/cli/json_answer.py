"""The answers that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def print_json(fields: Mapping[str, Any]) -> None:
    """Prints one JSON object: keys in snake case, the unit of each count in its key."""
    import orjson

    print(orjson.dumps(dict(fields), option=orjson.OPT_INDENT_2).decode())
