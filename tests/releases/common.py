"""What every writer of a small release needs, and how a converter is run on one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from datakit.record import Record, Reject
from datakit.sources import find_converter

BOXES = [[4, 5, 20, 10], [40.5, 20, 40, 40], [-3, -2, 10, 9.5]]


@dataclass(frozen=True)
class Layout:
    """How a mixture would name a small release: path under its root, split and options."""

    write: Callable[[Path], Path]
    path: str
    split: str = "train"
    options: dict[str, Any] = field(default_factory=dict)


def layout_of(converter: str) -> Layout:
    """The release in `tests/releases/<converter>.py`; without one, its contract fails."""
    module = import_module(f"tests.releases.{converter.replace('-', '_')}")
    layout = module.LAYOUT
    assert isinstance(layout, Layout)
    return layout


def hub_layout_of(converter: str) -> Layout | str:
    """The Hub's form of the same release, or in a sentence why there is none."""
    module = import_module(f"tests.releases.{converter.replace('-', '_')}")
    assert isinstance(module.HUB, Layout | str)
    return module.HUB


def draw(path: Path, text: str, size: tuple[int, int] = (64, 48), kind: str | None = None) -> None:
    """Draws an image whose content depends on `text`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, tuple(b"%-3s" % text.encode()[:3]))
    ImageDraw.Draw(image).text((4, 4), text, fill="white")
    image.save(path, kind)


def read(
    name: str, path: Path, split: str = "train", /, **options: Any
) -> tuple[list[Record], list[Reject]]:
    """The records and the rejects that a converter makes of a release, or of its Hub's form."""
    kind = find_converter(name)
    items = list(kind(path, split, kind.Options(**options)).read())
    records = [item for item in items if isinstance(item, Record)]
    return records, [item for item in items if isinstance(item, Reject)]


def write_json(path: Path, value: Any) -> Path:
    """Writes JSON, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path
