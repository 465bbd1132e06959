"""The demo on disk: layouts, quirks, equal bytes, refusals."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from datakit.demo import write_demo
from datakit.errors import OutputError, UsageError

CHARTS, PAGES, SCENES = "ChartQA Dataset", "DocVQA", "ShareGPT4V"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def chart_rows(demo: Path) -> list[tuple[Path, dict[str, str]]]:
    """Every ChartQA row with its image's path."""
    files = sorted((demo / CHARTS).glob("*/*_*.json"))
    return [(file.parent / "png" / row["imgname"], row) for file in files for row in read(file)]


def page_rows(demo: Path) -> list[dict[str, Any]]:
    return [row for file in sorted((demo / PAGES).glob("*.json")) for row in read(file)["data"]]


def conversations(demo: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read(demo / SCENES / "sharegpt4v_demo.json")
    return rows


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_summary_counts_what_is_on_disk(tmp_path: Path) -> None:
    summary = write_demo(tmp_path / "raw", records=60)
    assert summary.num_records == 60
    for release in summary.releases:
        images = [path for path in release.folder.rglob("*") if path.suffix in (".png", ".jpg")]
        assert len(images) == release.num_images
    charts, pages = chart_rows(tmp_path / "raw"), page_rows(tmp_path / "raw")
    counts = [len(charts), len(pages), len(conversations(tmp_path / "raw"))]
    assert counts == [release.num_records for release in summary.releases]


def test_chartqa_is_laid_out_as_released(demo: Path) -> None:
    names = {path.name for path in (demo / CHARTS).glob("*/*.json")}
    assert names == {
        f"{split}_{subset}.json" for split in ("train", "val") for subset in ("human", "augmented")
    }
    for image, row in chart_rows(demo):
        assert list(row) == ["imgname", "query", "label"]
        assert image.is_file()
        assert (image.parents[1] / "tables" / f"{image.stem}.csv").is_file()


def test_docvqa_is_laid_out_as_released(demo: Path) -> None:
    for split in ("train", "val"):
        whole = read(demo / PAGES / f"{split}_v1.0.json")
        assert list(whole) == ["dataset_name", "dataset_version", "dataset_split", "data"]
        assert {row["data_split"] for row in whole["data"]} == {split}
    for row in page_rows(demo):
        assert list(row) == [
            *("questionId", "question", "image", "docId", "ucsf_document_id"),
            *("ucsf_document_page_no", "answers", "data_split"),
        ]
        stem = f"{row['ucsf_document_id']}_{row['ucsf_document_page_no']}"
        assert row["image"] == f"documents/{stem}.png"
        assert (demo / PAGES / row["image"]).is_file()
        assert all(row["answers"])
    ids = [row["questionId"] for row in page_rows(demo)]
    assert len(set(ids)) == len(ids)


def test_conversations_are_laid_out_as_llava_json(demo: Path) -> None:
    for row in conversations(demo):
        speakers = [turn["from"] for turn in row["conversations"]]
        assert speakers == ["human", "gpt"] * (len(speakers) // 2)
        text = "".join(turn["value"] for turn in row["conversations"])
        assert text.count("<image>") == ("image" in row)
        assert row["conversations"][0]["value"].startswith("<image>\n") == ("image" in row)
    assert any(len(row["conversations"]) > 2 for row in conversations(demo))
    assert any("image" not in row for row in conversations(demo))


def test_splits_share_no_image(demo: Path) -> None:
    splits: dict[str, set[str]] = {"train": set(), "val": set()}
    for image, _ in chart_rows(demo):
        splits[image.parents[1].name].add(image.name)
    for row in page_rows(demo):
        splits[row["data_split"]].add(row["image"])
    assert splits["train"] and splits["val"]
    assert not splits["train"] & splits["val"]


def test_quirks_are_there(any_demo: Path) -> None:
    asked = Counter(
        (image, row["query"].lower().rstrip("? ")) for image, row in chart_rows(any_demo)
    )
    assert sum(count - 1 for count in asked.values()) == 2
    formats, modes = set(), set()
    for path in {image for image, _ in chart_rows(any_demo)}:
        with Image.open(path) as image:
            formats.add(image.format)
            modes.add(image.mode)
    assert formats == {"PNG", "JPEG"}
    assert modes == {"RGB", "RGBA", "P"}
    endings = {answer[-1] for row in page_rows(any_demo) for answer in row["answers"]}
    assert {".", " "} <= endings


def test_two_records_are_faulty(any_demo: Path) -> None:
    assert [row["label"] for _, row in chart_rows(any_demo)].count("") == 1
    named = [row["image"] for row in conversations(any_demo) if "image" in row]
    assert [(any_demo / SCENES / name).is_file() for name in named].count(False) == 1


def test_images_are_small_enough_for_a_cpu(demo: Path) -> None:
    for path in [*demo.rglob("*.png"), *demo.rglob("*.jpg")]:
        with Image.open(path) as image:
            assert all(224 <= side_px <= 448 for side_px in image.size)
        assert path.stat().st_size < 100_000


def test_equal_arguments_give_equal_bytes(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.chdir(tmp_path)
    write_demo(Path("again"), seed=3, records=120)
    assert bytes_of(tmp_path / "again") == bytes_of(demo)


def test_another_seed_gives_other_drawings(demo: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "raw", seed=4, records=120)
    one, two = bytes_of(demo / CHARTS), bytes_of(tmp_path / "raw" / CHARTS)
    assert not {data for name, data in one.items() if name.endswith(".png")} & set(two.values())


def test_more_records_leave_earlier_ones_alone(demo: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "raw", seed=3, records=60)
    small, large = bytes_of(tmp_path / "raw"), bytes_of(demo)
    for name, data in small.items():
        if not name.endswith(".json"):
            assert large[name] == data
    known = [row for _, row in chart_rows(demo)]
    assert all(row in known for _, row in chart_rows(tmp_path / "raw"))
    assert all(row in page_rows(demo) for row in page_rows(tmp_path / "raw"))
    fewer = conversations(tmp_path / "raw")
    assert conversations(demo)[: len(fewer)] == fewer


def test_an_equal_demo_is_written_anew(tmp_path: Path) -> None:
    write_demo(tmp_path / "raw", records=30)
    before = bytes_of(tmp_path / "raw")
    (tmp_path / "raw" / SCENES / "sharegpt4v_demo.json").write_text("[", encoding="utf-8")
    write_demo(tmp_path / "raw", records=30)
    assert bytes_of(tmp_path / "raw") == before


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match=r"it holds 'thesis\.tex'\. Name a new folder"):
        write_demo(tmp_path)
    assert bytes_of(tmp_path) == {"thesis.tex": b"years of work"}


def test_a_real_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / CHARTS).mkdir()
    with pytest.raises(OutputError, match="not empty"):
        write_demo(tmp_path)


def test_another_demo_is_refused(tmp_path: Path) -> None:
    write_demo(tmp_path / "raw", records=30)
    with pytest.raises(OutputError, match="holds another demo"):
        write_demo(tmp_path / "raw", seed=1, records=30)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="is a file"):
        write_demo(tmp_path / "raw")
    with pytest.raises(OutputError, match="cannot be written"):
        write_demo(tmp_path / "raw" / "deeper")


def test_too_few_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="30 or more"):
        write_demo(tmp_path / "raw", records=29)
    assert not (tmp_path / "raw").exists()
