"""`datakit plan` in a narrow window, for many sources and before the images are there."""

from __future__ import annotations

import json
import shutil

from tests.cli.command import datakit
from tests.cli.terminal import on_terminal
from tests.releases import Release

BLOCK = "\N{FULL BLOCK}"


def test_a_source_a_task_and_a_category_have_a_row_and_a_source_a_bar(release: Release) -> None:
    shutil.rmtree(release.root / "DocVQA" / "documents")
    caps = ("--set", "sources.chartqa.cap_records=5")
    text = datakit("plan", release.mixture, *caps).stdout
    assert max(map(len, text.splitlines())) <= 80
    first = [line.split()[0] for line in text.splitlines() if line]
    for name in ("chartqa", "docvqa", "sharegpt-4v", "total", "conversation", "documents"):
        assert name in first
    assert "not drawn, by  cap_records  cap_samples  balance" in text
    bars = text.split("share of samples\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in bars] == ["chartqa", "docvqa", "sharegpt-4v"]
    assert bars[1] == "docvqa         0.0%"
    assert BLOCK in bars[0]


def test_sixty_sources_with_long_names_fit_and_are_all_there(release: Release) -> None:
    names = [f"chartqa-of-the-{'very-' * (number % 7)}long-name-{number}" for number in range(60)]
    rows = (f"  - {{name: {name}, dataset: chartqa, path: ChartQA Dataset}}" for name in names)
    release.write_mixture("name: many\nroot: {root}\nsources:\n" + "\n".join(rows) + "\n")
    text = datakit("plan", release.mixture, "--limit", 2).stdout
    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    for name in names:  # of records, of samples, of the bars, of the phrasing
        assert words.count(name) == 4


def test_a_terminal_without_blocks_gets_bars_of_ascii(release: Release) -> None:
    with on_terminal("plan", release.mixture, LC_ALL="C", COLUMNS="60") as terminal:
        assert terminal.end() == 0
    told = terminal.text[terminal.text.index("small: ") :]
    assert told.isascii()
    assert "####" in told
    bars = told.split("share of samples")[1].split("####")[0]
    assert "chartqa" in bars


def test_a_plan_without_images_says_what_is_not_known(release: Release) -> None:
    shutil.rmtree(release.root / "DocVQA" / "documents")
    text = datakit("plan", release.mixture, "--no-images").stdout
    assert "none of which was looked for; sizes and shards are not known" in text.splitlines()[0]
    assert "image-missing" not in text
    fields = json.loads(datakit("plan", release.mixture, "--no-images", "--json").stdout)
    assert (fields["without_images"], fields["shards"], fields["image_bytes"]) == (True, None, None)
