"""Writes the demo: three small releases, drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from datakit.demo.chart_data import invent_chart
from datakit.demo.chart_questions import ChartQuestion, ask_chart
from datakit.demo.charts import draw_chart
from datakit.demo.documents import draw_document
from datakit.demo.layouts import (
    ChartQaLayout,
    DocVqaLayout,
    LlavaLayout,
    Split,
    Subset,
    image_bytes,
)
from datakit.demo.pages import PageQuestion
from datakit.demo.scene_painting import paint_scene
from datakit.demo.scene_telling import talk, tell_scene
from datakit.demo.scenes import invent_scene
from datakit.demo.seeding import chooser
from datakit.errors import OutputError, UsageError
from datakit.io.atomic import write_whole

FORMAT_VERSION = 1
MEND = "Name a new folder, or remove this one."
MARKER = "datakit-demo.json"
FOLDERS = ("ChartQA Dataset", "DocVQA", "ShareGPT4V")
CHART_SHARE, DOCUMENT_SHARE = 0.4, 0.35
QUESTIONS_PER_CHART, QUESTIONS_PER_PAGE = 3, 4

# All quirks lie within the first drawings, so that the smallest demo has them too.
MIN_RECORDS = 30
JPEG_CHART, PALETTE_CHART, RGBA_CHART = 0, 1, 3
FULL_STOP_PAGE, SPACE_PAGE = 0, 1
MISSING_SCENE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSummary:
    """What was written in one release's layout.

    Attributes:
        folder: where it lies.
        num_records: question-answer pairs, or conversations.
        num_images: image files on disk.
    """

    folder: Path
    num_records: int
    num_images: int

    def __str__(self) -> str:
        return f"{self.folder}: {self.num_records} records, {self.num_images} images"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """What a demo holds, release by release."""

    releases: tuple[ReleaseSummary, ...]

    @property
    def num_records(self) -> int:
        """Records of all releases."""
        return sum(release.num_records for release in self.releases)

    @property
    def num_images(self) -> int:
        """Image files of all releases."""
        return sum(release.num_images for release in self.releases)

    def __str__(self) -> str:
        return "\n".join(str(release) for release in self.releases)


def write_demo(out: Path, *, seed: int = 0, records: int = 300) -> DemoSummary:
    """Draws charts, pages and scenes, and writes them as ChartQA, DocVQA and ShareGPT-4V.

    Equal arguments give equal bytes. A larger `records` adds drawings and changes none. As in
    real releases, a few records are odd: two chart questions are asked twice, a JPEG is called
    .png, one chart has a palette and one an alpha channel, an answer ends with a full stop and
    one with a space, some conversations have no image. Two records are faulty: a chart question
    has an empty answer, and the image of a conversation is missing.

    Args:
        out: a new or empty folder, or one that holds an equal demo, which is written anew.
        seed: another seed, other drawings.
        records: question-answer pairs and conversations in all, 30 at least.

    Raises:
        OutputError: `out` is a file, cannot be written, or holds something else.
        UsageError: `records` is too small.
    """
    if records < MIN_RECORDS:
        raise UsageError(
            f"{records} records were asked for, but the demo needs {MIN_RECORDS} to have one of "
            f"each kind. Ask for {MIN_RECORDS} or more."
        )
    num_charts = int(records * CHART_SHARE)
    num_pages = int(records * DOCUMENT_SHARE)
    charts, pages, scenes = (out / folder for folder in FOLDERS)
    try:
        _claim(out, {"format_version": FORMAT_VERSION, "seed": seed, "records": records})
        return DemoSummary(
            releases=(
                _write_charts(charts, seed, num_charts),
                _write_pages(pages, seed, num_pages),
                _write_scenes(scenes, seed, records - num_charts - num_pages),
            )
        )
    except OSError as error:
        where = error.filename or out
        raise OutputError(f"{where} cannot be written: {error.strerror}. {MEND}") from error


def _claim(out: Path, marker: dict[str, int]) -> None:
    """Makes the folder, or refuses one that holds anything but an equal demo."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file, and a demo is a folder. Name a new folder.")
    found = sorted(path.name for path in out.iterdir()) if out.exists() else []
    foreign = [name for name in found if name not in (*FOLDERS, MARKER)]
    if foreign or (found and MARKER not in found):
        raise OutputError(f"{out} is not empty: it holds {(foreign or found)[0]!r}. {MEND}")
    text = json.dumps(marker)
    other = (out / MARKER).read_bytes().decode(errors="replace").strip() if found else text
    if other != text:
        raise OutputError(f"{out} holds another demo, {other}; asked for is {text}. {MEND}")
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / MARKER, f"{text}\n".encode(), synced=False)


def _write_charts(folder: Path, seed: int, num_records: int) -> ReleaseSummary:
    layout = ChartQaLayout(folder)
    written = index = 0
    while written < num_records:
        subset: Subset = "augmented" if index % 2 else "human"
        split: Split = "val" if index % 8 in (2, 3) else "train"
        stem = f"two_col_{20000 + index}" if subset == "augmented" else f"{1000 + index}"
        chart = invent_chart(seed, index)
        count = QUESTIONS_PER_CHART
        asked = ask_chart(chart, seed, index, count=count, varied=subset == "human")
        layout.add_image(split, stem, _chart_file(draw_chart(chart), index), chart)
        for question in _with_quirks(asked, index)[: num_records - written]:
            layout.add_question(split, subset, stem, question)
            written += 1
        index += 1
    layout.finish()
    return ReleaseSummary(folder=folder, num_records=written, num_images=index)


def _chart_file(image: Image.Image, index: int) -> bytes:
    """A PNG, but for the charts that are odd as some in real releases are."""
    if index == PALETTE_CHART:
        image = image.quantize(64)
    elif index == RGBA_CHART:
        image.putalpha(255)
    return image_bytes(image, "JPEG" if index == JPEG_CHART else "PNG")


def _with_quirks(asked: Sequence[ChartQuestion], index: int) -> list[ChartQuestion]:
    """Repeats the first question of two charts, and leaves one question without an answer."""
    first, second, *_ = asked
    if index == 0:
        shouted = replace(first, query=f"{first.query.lower().rstrip('?')} ?")
        return [first, shouted, replace(second, label="")]
    return [first, first, second] if index == 1 else list(asked)


def _write_pages(folder: Path, seed: int, num_records: int) -> ReleaseSummary:
    layout = DocVqaLayout(folder)
    written = index = 0
    while written < num_records:
        # Every kind of page comes into both splits.
        split: Split = "val" if (index + index // 6) % 6 == 2 else "train"
        choose = chooser(seed, "page name", index)
        letters = "".join(choose.choices("bcdfghjklmnpqrstvwxyz", k=4))
        stem = f"{letters}{index:04}_{choose.randint(1, 20)}"
        document = draw_document(seed, index, num_questions=QUESTIONS_PER_PAGE)
        layout.add_image(stem, image_bytes(document.image, "PNG"))
        for rank, question in enumerate(document.questions[: num_records - written]):
            asked = _untidy(question, index) if rank == 0 else question
            question_id = 1000 + index * QUESTIONS_PER_PAGE + rank
            layout.add_question(split, stem, asked, question_id=question_id, doc_id=500 + index)
            written += 1
        index += 1
    layout.finish()
    return ReleaseSummary(folder=folder, num_records=written, num_images=index)


def _untidy(question: PageQuestion, index: int) -> PageQuestion:
    ending = {FULL_STOP_PAGE: ".", SPACE_PAGE: " "}.get(index, "")
    first, *others = question.answers
    return replace(question, answers=[first + ending, *others])


def _write_scenes(folder: Path, seed: int, num_records: int) -> ReleaseSummary:
    layout = LlavaLayout(folder, "sharegpt4v_demo.json")
    num_images = 0
    for index in range(num_records):
        stem = f"{index:06}"
        if index % 10 == 7:
            layout.add_conversation(stem, talk(seed, index), has_image=False)
            continue
        scene = invent_scene(seed, index)
        layout.add_conversation(stem, tell_scene(scene, seed, index), has_image=True)
        if index != MISSING_SCENE:
            image = paint_scene(scene, seed, index)
            layout.add_image(stem, image_bytes(image, "JPEG"))
            num_images += 1
    layout.finish()
    return ReleaseSummary(folder=folder, num_records=num_records, num_images=num_images)
