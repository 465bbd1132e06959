"""A small release of Visual Genome's region descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.releases.common import BOXES, Layout, draw, write_json
from tests.releases.tables import write_tables


def vg_region(number: int, box: Any) -> dict[str, Any]:
    """One region of image 1."""
    sides = dict(zip(("x", "y", "width", "height"), box, strict=True))
    return {"region_id": 1382 + number, "image_id": 1, "phrase": f"thing {number}", **sides}


def write_visual_genome_regions(root: Path) -> Path:
    """Writes 3 regions of one image, of which two lie partly outside, and an image without any."""
    folder = root / "vg"
    draw(folder / "VG_100K_2" / "1.jpg", "g1")
    regions = [vg_region(number, box) for number, box in enumerate(BOXES)]
    rows = [{"id": 1, "regions": regions}, {"id": 2, "regions": []}]
    write_json(folder / "region_descriptions.json", rows)
    size = {"width": 64, "height": 48, "coco_id": None, "flickr_id": None}
    images = [{"image_id": n, "url": f"https://example.org/{n}.jpg", **size} for n in (1, 2)]
    write_json(folder / "image_data.json", images)
    return folder


def write_visual_genome_regions_hub(root: Path) -> Path:
    """Writes what `ranjaykrishna/visual_genome` has in Parquet: a row an image with regions."""
    release = write_visual_genome_regions(root / "release")
    rows = [
        {
            "image": release / "VG_100K_2" / "1.jpg",
            "image_id": row["id"],
            "url": f"https://example.org/{row['id']}.jpg",
            "width": 64,
            "height": 48,
            "regions": row["regions"],
        }
        for row in json.loads((release / "region_descriptions.json").read_text())
    ]
    folder = root / "visual_genome"
    write_tables(folder / "region_descriptions_v1.2.0" / "train", "0000", rows)
    return folder


LAYOUT = Layout(write_visual_genome_regions, "vg")
HUB = Layout(write_visual_genome_regions_hub, "visual_genome:region_descriptions_v1.2.0")
