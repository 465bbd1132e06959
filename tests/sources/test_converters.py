"""One contract for all converters, and the layouts and quirks of each."""

from __future__ import annotations

import inspect
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from datakit.errors import FormatError
from datakit.io.table_cells import parse_cell
from datakit.record import Conversation, Question, Record
from datakit.sources import converter_names, dataset_names, find_converter, load_dataset_entry
from tests.releases import Layout, Release, hub_layout_of, layout_of, read


def read_release(name: str, release: Release) -> list[Record]:
    layout = layout_of(name)
    return read(name, release.root / layout.path, layout.split, **layout.options)[0]


@pytest.mark.parametrize("name", converter_names())
def test_the_contract_of_every_converter(name: str, tmp_path: Path) -> None:
    """A converter without `tests/releases/<name>.py` fails here: write a small release there."""
    keep_the_promises(name, layout_of(name), tmp_path)
    doc = inspect.cleandoc(find_converter(name).__doc__ or "")
    assert "raw row" in doc and "Record(" in doc, "its docstring shows a raw row and its record"


@pytest.mark.parametrize("name", converter_names())
def test_the_contract_of_the_hubs_form(name: str, tmp_path: Path) -> None:
    """`HUB` in `tests/releases/<name>.py` is its form on the Hub, or says why there is none."""
    hub = hub_layout_of(name)
    if isinstance(hub, str):
        assert hub
        return
    records = keep_the_promises(name, hub, tmp_path)
    assert all(parse_cell(image) for record in records for image in record.images)
    doc = inspect.cleandoc(find_converter(name).__doc__ or "")
    assert "The Hub's form (`" in doc, "its docstring names a copy on the Hub and its columns"
    assert facts(records) == facts(official_twin(name, tmp_path / "twin"))


def keep_the_promises(name: str, layout: Layout, root: Path) -> list[Record]:
    """The records of a small release, after what every converter promises of them was checked."""
    layout.write(root)
    kind = find_converter(name)
    converter = kind(str(root / layout.path), layout.split, kind.Options(**layout.options))
    records = [item for item in converter.read() if isinstance(item, Record)]
    assert records
    assert len({record.record_id for record in records}) == len(records)
    images = converter.image_files
    for record in records:
        assert record.place and record.task
        for image in record.images:
            data = images.read(image)
            assert images.size(image) == len(data)
            Image.open(io.BytesIO(data)).verify()
    assert converter.digests
    assert all(len(digest) == 64 for digest in converter.digests.values())
    return records


def official_twin(name: str, root: Path) -> list[Record]:
    """The records of the official release that the Hub's form repeats."""
    layout = layout_of(name)
    layout.write(root)
    split = HUB_HAS_THE_SPLIT.get(name, layout.split)
    return read(name, root / layout.path, split, **layout.options)[0]


HUB_HAS_THE_SPLIT = {"ai2d": "test"}


def facts(records: list[Record]) -> list[str]:
    """What records say, in any order, without the layouts and sizes that one form may lack."""
    sizes = ("layout", "width_px", "height_px")
    told = [(record.task, len(record.images), asdict(record.payload)) for record in records]
    kept = [(t, n, {k: v for k, v in p.items() if k not in sizes}) for t, n, p in told]
    return sorted(map(repr, kept))


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_names_a_converter(name: str) -> None:
    find_converter(load_dataset_entry(name).converter)


def test_chartqa_may_be_given_by_the_folder_above(release: Release) -> None:
    inside = read("chartqa", release.root / "ChartQA Dataset")
    assert read("chartqa", release.root) == inside
    assert len(inside[0]) == 13
    assert len(read("chartqa", release.root, subset="augmented")[0]) == 4


def test_chartqa_without_its_files_says_what_is_there(release: Release) -> None:
    with pytest.raises(FormatError, match=r"expected val_human.json, found nothing"):
        read("chartqa", release.root, "val")


def test_docvqa_as_a_bare_list_and_under_its_other_name(release: Release) -> None:
    records = read_release("docvqa", release)
    file = release.root / "DocVQA" / "val_v1.0.json"
    rows = json.loads(file.read_text())["data"]
    file.unlink()
    file.with_name("val_v1.0_withQT.json").write_text(json.dumps(rows))
    again = read_release("docvqa", release)
    assert [record.payload for record in again] == [record.payload for record in records]
    assert again[0].record_id == "100"
    assert again[0].payload == Question(
        question="What stands in line 0?", answer="line 0", answers=("line 0", "Line 0")
    )


def test_docvqa_test_rows_have_no_answers(release: Release) -> None:
    file = release.root / "DocVQA" / "val_v1.0.json"
    fields = json.loads(file.read_text())
    for row in fields["data"]:
        del row["answers"]
    file.write_text(json.dumps(fields))
    records, rejects = read("docvqa", release.root / "DocVQA", "val")
    assert records == []
    assert {reject.reason for reject in rejects} == {"answer-missing"}
    assert rejects[0].record_id == "100"


def write_llava(folder: Path, rows: list[Any], *, lines: bool = False) -> Path:
    path = folder / "own.json"
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    path.write_text(text)
    return path


def turns(*texts: str) -> list[dict[str, str]]:
    return [
        {"from": ("human", "gpt")[index % 2], "value": text} for index, text in enumerate(texts)
    ]


def test_llava_json_lines_under_the_name_json(tmp_path: Path) -> None:
    rows = [{"id": 1, "conversations": turns("Hi", "Ho")}, {"conversations": turns("Hi", "Ho")}]
    records, _ = read("llava", write_llava(tmp_path, rows, lines=True))
    assert [record.record_id for record in records] == ["1", "own.json-1"]


def test_a_bad_first_row_is_one_reject_and_not_another_layout(tmp_path: Path) -> None:
    good = {"conversations": turns("Hi", "Ho")}
    records, rejects = read("llava", write_llava(tmp_path, [{"conversations": None}, good]))
    assert len(records) == len(rejects) == 1


def test_llava_images_under_their_other_name(tmp_path: Path) -> None:
    rows = [{"images": ["a.png"], "conversations": turns("What?", "That.")}]
    (record,), _ = read("llava", write_llava(tmp_path, rows))
    assert record.images == ("a.png",)


def test_llava_reads_a_folder_and_a_path_with_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "v[1]"
    folder.mkdir()
    path = write_llava(folder, [{"conversations": turns("Hi", "Ho")}])
    (folder / "own.json.bak").write_text(path.read_text())
    assert len(read("llava", folder)[0]) == len(read("llava", path)[0]) == 1


@pytest.mark.parametrize("answers", [[None], [{"t": 1}], [["n"]], [True], "text"])
def test_docvqa_invents_no_answer(release: Release, answers: Any) -> None:
    file = release.root / "DocVQA" / "val_v1.0.json"
    fields = json.loads(file.read_text())
    fields["data"][0]["answers"] = answers
    file.write_text(json.dumps(fields))
    records, rejects = read("docvqa", release.root / "DocVQA", "val")
    assert [reject.reason for reject in rejects] == ["bad-record"]
    assert len(records) == 4


def test_llava_ids_that_recur_stay_apart(tmp_path: Path) -> None:
    rows = [{"id": name, "conversations": turns("Hi", "Ho")} for name in ("a", "a~2", "a", "a")]
    records, _ = read("llava", write_llava(tmp_path, rows))
    assert [record.record_id for record in records] == ["a", "a~2", "a~3", "a~4"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            {"image": "a.png", "conversations": turns("<image><image>?", "!")},
            "placeholders-mismatch",
        ),
        ({"conversations": turns("<image>?", "!")}, "placeholders-mismatch"),
        ({"conversations": turns("?", "!", "?")}, "turns-out-of-order"),
        ({"conversations": turns("", "!")}, "turn-empty"),
        ({"conversations": []}, "conversation-empty"),
        ({"conversations": [{"from": "robot", "value": "?"}]}, "role-unknown"),
        ({"image": "/etc/passwd", "conversations": turns("?", "!")}, "image-outside-root"),
        ({"image": "a/../../b.png", "conversations": turns("?", "!")}, "image-outside-root"),
        ({"id": 5}, "bad-record"),
        ({"image": {"path": "a.png"}, "conversations": turns("?", "!")}, "bad-record"),
        ({"image": [None], "conversations": turns("?", "!")}, "bad-record"),
        ({"video": "a.mp4", "conversations": turns("<video>\n?", "!")}, "media-unsupported"),
        ({"conversations": [{"from": "human", "value": None}]}, "bad-record"),
        ("text", "bad-record"),
    ],
)
def test_llava_rows_that_cannot_be_used(tmp_path: Path, row: Any, reason: str) -> None:
    good = {"id": "good", "conversations": turns("Hi", "Ho")}
    records, rejects = read("llava", write_llava(tmp_path, [good, row]))
    assert len(records) == 1
    assert [reject.reason for reject in rejects] == [reason]
    assert rejects[0].place == "own.json[1]"


def test_llava_images_without_placeholders_are_put_first(tmp_path: Path) -> None:
    rows = [{"image": ["a.png", "b\\c.png"], "conversations": turns("Compare.", "Same.")}]
    (record,), _ = read("llava", write_llava(tmp_path, rows))
    assert record.images == ("a.png", "b/c.png")
    assert isinstance(record.payload, Conversation)
    assert record.payload.messages[0].content == "<image>\n<image>\nCompare."


def test_a_broken_line_of_json_lines_is_one_reject(tmp_path: Path) -> None:
    path = write_llava(tmp_path, [{"id": 1, "conversations": turns("Hi", "Ho")}] * 2, lines=True)
    path.write_text(path.read_text() + '\n{"id": 3, "conver\n')
    records, rejects = read("llava", path)
    assert len(records) == 2
    assert [reject.reason for reject in rejects] == ["bad-line"]


def test_a_byte_order_mark_is_no_hindrance(release: Release) -> None:
    file = release.charts / "train_human.json"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert len(read("chartqa", release.root)[0]) == 13


@pytest.mark.parametrize(
    ("row", "images", "first"),
    [
        pytest.param(
            {"conversations": [{"from": "system", "value": "Be brief.", "weight": None},
                               {"from": "human", "value": "Hi", "weight": 0.0},
                               {"from": "gpt", "value": "Ho", "weight": 1.0}],
             "source": "airoboros2.2", "category": "orca", "skip_prompt_formatting": False},
            (), "Be brief.", id="OpenHermes",
        ),
        pytest.param(
            {"image": "geo3k/train/7.png", "conversations": turns("<image>\nFind x.", "x is 5.")},
            ("geo3k/train/7.png",), "<image>\nFind x.", id="Geo170K",
        ),
        pytest.param(
            {"id": "allava_1", "image": "allava_laion/images/1.jpeg", "url_root": "1",
             "conversations": turns("Describe it.\n<image>", "A hill.")},
            ("allava_laion/images/1.jpeg",), "Describe it.\n<image>", id="ALLaVA",
        ),
        pytest.param(
            {"source": "screenqa.json", "image": "screen_qa/7.jpg",
             "conversations": turns("<image>\nWhen?", "<no answer>")},
            ("screen_qa/7.jpg",), "<image>\nWhen?", id="Cambrian",
        ),
    ],
)  # fmt: skip
def test_llavas_kin_are_read_as_they_are(
    tmp_path: Path, row: dict[str, Any], images: tuple[str, ...], first: str
) -> None:
    record, _ = read("llava", write_llava(tmp_path, [row, row], lines=True))[0]
    assert record.images == images
    assert isinstance(record.payload, Conversation)
    assert record.payload.messages[0].content == first


def test_values_nested_deeper_than_the_stack_are_a_reject(tmp_path: Path) -> None:
    deep = "[" * 500 + "]" * 500
    good = json.dumps({"id": "good", "conversations": turns("Hi", "Ho")})
    bad = f'{{"id": 1, "image": {deep}, "conversations": []}}'
    (tmp_path / "own.jsonl").write_text(f"{good}\n{bad}\n")
    records, (reject,) = read("llava", tmp_path / "own.jsonl")
    assert len(records) == 1
    assert len(reject.detail) < 10_000
