"""The Cauldron's Parquet files."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from datakit.errors import FormatError
from datakit.record import Conversation
from tests.releases.cauldron import write_cauldron
from tests.releases.common import read


def test_its_rows_are_conversations(tmp_path: Path) -> None:
    records, rejects = read("cauldron", write_cauldron(tmp_path))
    first, text, two = records
    assert isinstance(first.payload, Conversation) and isinstance(two.payload, Conversation)
    assert [m.content for m in first.payload.messages] == [
        "<image>\nWhat is B?", "B", "And C?", "C"
    ]  # fmt: skip
    assert text.images == ()
    assert two.payload.messages[0].content == "<image>\n<image>\nCompare."
    assert two.images[1] == "train-00001-of-00002.parquet!images/0/1"
    assert [reject.reason for reject in rejects] == ["turn-empty", "conversation-empty"]


def test_it_builds(tmp_path: Path) -> None:
    write_cauldron(tmp_path)
    mixture = tmp_path / "mixture.yaml"
    mixture.write_text(
        f"name: c\nroot: {tmp_path}\nmax_reject_share: 1\n"
        "sources: [{dataset: cauldron, path: cauldron/ai2d}]\n"
    )
    result = datakit.build(mixture, out=tmp_path / "out", workers=1)
    assert (result.manifest.samples, datakit.verify(tmp_path / "out")) == (3, [])


def test_a_folder_without_parquet(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no Parquet or Arrow files"):
        read("cauldron", tmp_path)
