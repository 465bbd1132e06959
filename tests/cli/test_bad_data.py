"""Faulty data: a counted reject or a clear error, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import build, datakit, rejects
from tests.releases import Release, draw

CHART: dict[str, object] = {"imgname": "0.png", "query": "How many bars?", "label": "3"}


def test_a_missing_image_is_a_counted_reject_that_names_the_nearest_file(
    release: Release, tmp_path: Path
) -> None:
    release.edit_chart_rows([CHART, {**CHART, "imgname": "1.PNG"}])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "16.7% of 6 records: 1 image-missing" in result.stderr
    (reject,) = rejects(tmp_path / "out")
    assert reject["reason"] == "image-missing"
    assert reject["place"] == "train/train_human.json[1]"
    assert reject["detail"] == "train/png/1.PNG; nearest is train/png/1.png"
    assert datakit("verify", tmp_path / "out").returncode == 0


def test_rejects_below_the_allowed_share_end_well(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([CHART, {**CHART, "imgname": "none.png"}])
    result = build(release, tmp_path / "out", "--set", "max_reject_share=0.2")
    assert result.returncode == 0, result.stderr
    assert "rejected records of chartqa: 1 image-missing" in result.stdout


def test_a_truncated_png_rejects_its_records(release: Release, tmp_path: Path) -> None:
    image = release.charts / "png" / "0.png"
    image.write_bytes(image.read_bytes()[:-40])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    found = rejects(tmp_path / "out")
    assert {reject["reason"] for reject in found} == {"image-truncated"}
    assert [reject["record_id"] for reject in found] == [f"train_human-{i}" for i in range(3)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "image-empty"), (b"<html>404</html>", "image-unreadable"), (b"GIF89a", None)],
)
def test_bytes_that_are_no_image(
    release: Release, tmp_path: Path, content: bytes, reason: str | None
) -> None:
    if reason is None:
        draw(release.charts / "png" / "0.png", "gif", kind="GIF")
        reason = "image-format"
    else:
        (release.charts / "png" / "0.png").write_bytes(content)
    assert build(release, tmp_path / "out").returncode == 1
    assert {reject["reason"] for reject in rejects(tmp_path / "out")} == {reason}


def test_a_jpeg_named_png_is_written_as_what_it_is(release: Release, tmp_path: Path) -> None:
    import datakit as api

    draw(release.charts / "png" / "0.png", "jpg", kind="JPEG")
    assert build(release, tmp_path / "out").returncode == 0
    samples = [s for s in api.open(tmp_path / "out") if "chart 0" in s.messages[-2].content]
    assert [s.images for s in samples] == [("jpg",)]
    assert samples[0].open_images()[0].format == "JPEG"


def test_a_record_without_an_answer_is_rejected(release: Release, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"imgname": "0.png", "query": "Why?"},
        {**CHART, "label": "  "},
    ]
    rows += [{**CHART, "label": None}, {**CHART, "label": ["3"]}, CHART]
    release.edit_chart_rows(rows)
    assert build(release, tmp_path / "out").returncode == 1
    reasons = [reject["reason"] for reject in rejects(tmp_path / "out")]
    assert reasons == ["answer-missing", "answer-empty", "answer-missing", "bad-record"]


def test_a_json_list_that_is_cut_off_is_an_error_that_says_where(
    release: Release, tmp_path: Path
) -> None:
    file = release.charts / "train_human.json"
    file.write_text(file.read_text()[:-30])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert f"{file}: broken after 8 whole records" in result.stderr
    assert not (tmp_path / "out").exists()


def test_another_layout_names_the_keys_found(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([{"image": "0.png", "question": "?", "answer": "!"}])
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "no key 'query'; keys found: image, question, answer" in result.stderr


def test_an_empty_source(release: Release, tmp_path: Path) -> None:
    release.edit_chart_rows([])
    (release.charts / "train_augmented.json").write_text("[]")
    result = build(release, tmp_path / "out")
    assert result.returncode == 1
    assert "source 'chartqa' has no records: train/train_human.json" in result.stderr


def test_a_path_that_leads_out_of_the_root_is_rejected(release: Release, tmp_path: Path) -> None:
    draw(tmp_path / "secret.png", "sec")
    rows = [CHART, {**CHART, "imgname": "../../../../secret.png"}]
    release.edit_chart_rows(rows)
    build(release, tmp_path / "out")
    (reject,) = rejects(tmp_path / "out")
    assert reject["reason"] == "image-outside-root"
