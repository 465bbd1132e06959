"""Visual Genome's region descriptions: phrases, and the boxes in photographs that they describe."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial

from datakit.geometry import Size
from datakit.record import Record, Region, Reject
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row, box_in
from datakit.sources.row_values import image_cell
from datakit.sources.visual_genome import VisualGenomeImages, first_id, parts_of

SIZES = "image_data.json"
CORNER_AND_SIDES = ("x", "y", "width", "height")


class VisualGenomeRegions(Converter):
    """The official release: `region_descriptions.json` and `image_data.json` beside `VG_100K/`.

    The path is their folder or the first file itself; images as in `visual-genome-qa`. Of
    `image_data.json` only the images' sizes are read; without it they are not known. A raw row is
    an image with its regions (in version 1.0 their ids are `id` and `image`):

        {"id": 1, "regions": [{"region_id": 1382, "image_id": 1, "x": 421, "y": 57, "width": 82,
                               "height": 139, "phrase": "the clock is green in colour"}, …]}

    becomes a record for each region, the first of which is

        Record(record_id="1382", place="region_descriptions.json[0]", task="rec",
               images=("VG_100K_2/1.jpg",),
               payload=Region(phrase="the clock is green in colour", width_px=800, height_px=600,
                              bbox_px=(421.0, 57.0, 503.0, 196.0)))

    Boxes are clipped to the image. The release has no splits.

    The Hub's form (`ranjaykrishna/visual_genome` in Parquet, configuration
    `region_descriptions_v1.2.0`): `image`, `image_id`, `width`, `height` and `regions`, with the
    columns of the release.
    """

    def records(self) -> Iterator[Record | Reject]:
        file = self.annotation_file(["region_descriptions.json"], "regions")
        yield from self.convert_nested_rows(file, self._image)

    @cached_property
    def _images(self) -> VisualGenomeImages:
        return VisualGenomeImages(self.image_root)

    @cached_property
    def _sizes(self) -> dict[str, Size]:
        """The images' sizes by id; none where the release's file is absent."""
        if not (self.folder / SIZES).is_file():
            return {}
        rows = self.convert_rows(self.folder / SIZES, _size)
        return dict(row for row in rows if not isinstance(row, Reject))

    def _image(self, row: Row) -> list[Record | Reject]:
        """A record for each region of an image, or why there is none."""
        return [self.convert_row(part, self._record) for part in parts_of(row, "regions")]

    def table_record(self, row: Row) -> list[Record | Reject]:
        size = (row.side_px("width"), row.side_px("height"))
        to_record = partial(_made, image_cell(row), size)
        return [self.convert_row(part, to_record) for part in parts_of(row, "regions")]

    def _record(self, row: Row) -> Record:
        row.record_id = first_id(row, "region_id", "id")
        image_id = first_id(row, "image_id")
        return _made(self._images.name(image_id), self._sizes.get(image_id, (0, 0)), row)


def _made(image: str, size: Size, row: Row) -> Record:
    row.record_id, phrase = first_id(row, "region_id", "id"), row.text("phrase")
    if not phrase:
        raise BadRow("phrase-empty", f"image {image}")
    box = box_in([row.get(key) for key in CORNER_AND_SIDES], size)
    return Record(
        record_id=row.record_id,
        place=row.place,
        task="rec",
        images=(image,),
        payload=Region(phrase=phrase, bbox_px=box, width_px=size[0], height_px=size[1]),
    )


def _size(row: Row) -> tuple[str, Size]:
    row.record_id = first_id(row, "image_id", "id")
    return row.record_id, (row.side_px("width"), row.side_px("height"))
