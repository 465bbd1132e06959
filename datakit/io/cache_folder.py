"""Where what can be made again is kept between commands."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "DATAKIT_CACHE"
OFF = "off"
ENTRY = "entry.json"


def cache_folder() -> Path | None:
    """`DATAKIT_CACHE`, or the user's own cache; None where that is `off`."""
    named = os.environ.get(VARIABLE, "")
    if named == OFF:
        return None
    own = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(named or f"{own}/datakit").expanduser()
