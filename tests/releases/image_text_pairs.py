"""Two small tars as img2dataset writes them, with the quirks of downloads."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.releases.common import Layout, draw

CAPTIONS = ["a red bus", "", None, "eine Brücke", "no image"]


def members(folder: Path, number: int, caption: str | None) -> dict[str, bytes]:
    """The files of one pair; no text where there is no caption, no image for the last."""
    draw(folder / "drawn.png", f"{number}")
    files = {"json": json.dumps({"url": "https://x.org", "status": "success"}).encode()}
    if caption != "no image":
        files["jpg"] = (folder / "drawn.png").read_bytes()  # a PNG's bytes under a JPEG's name
    if caption is not None:
        files["txt"] = caption.encode()
    (folder / "drawn.png").unlink()
    return {f"{number:09}.{extension}": data for extension, data in sorted(files.items())}


def write_pairs(root: Path) -> Path:
    folder = root / "coyo"
    folder.mkdir(parents=True)
    for shard in range(2):
        with tarfile.open(folder / f"{shard:05}.tar", "w") as tar:
            for number, caption in enumerate(CAPTIONS, start=shard * 10_000):
                for name, data in members(folder, number, caption).items():
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
        (folder / f"{shard:05}_stats.json").write_text("{}")
    return folder


LAYOUT = Layout(write_pairs, "coyo")
HUB = "it reads tables by columns anyway, as its release shows"
