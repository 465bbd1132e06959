"""A bar on a terminal, plain lines in a log, and neither in what a program reads."""

from __future__ import annotations

import json
from pathlib import Path

import datakit as library
from tests.cli.command import build, datakit
from tests.cli.terminal import CURSOR_HIDDEN, CURSOR_SHOWN, on_terminal
from tests.releases import Release, write_json

SMALL_SHARDS = ("--workers", 1, "--set", "output.shard_samples=3")


def write_many_conversations(release: Release, count: int) -> None:
    """A mixture of conversations without images: so many that a build takes its time."""
    rows = [
        {
            "id": f"talk-{number}",
            "conversations": [
                {"from": "human", "value": f"What is {number} and one?"},
                {"from": "gpt", "value": f"It is {number + 1}."},
            ],
        }
        for number in range(count)
    ]
    write_json(release.root / "talk.json", rows)
    release.write_mixture(
        "name: talk\nroot: {root}\nsources:\n  - {dataset: sharegpt-4v, path: talk.json}\n"
    )


def test_a_terminal_sees_a_bar_with_shards_and_rates(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with on_terminal("build", release.mixture, "--out", out, *SMALL_SHARDS) as terminal:
        assert terminal.end() == 0
    assert "writing 11 samples in 4 shards" in terminal.text
    assert "4/4" in terminal.text
    assert "samples/s, " in terminal.text
    assert "MB/s, in " in terminal.text
    assert f"small: 11 samples, 4 shards, 0.0 MB in {out}" in terminal.text
    assert terminal.seen.rindex(CURSOR_SHOWN) > terminal.seen.rindex(CURSOR_HIDDEN)


def test_a_log_has_plain_lines(release: Release, tmp_path: Path) -> None:
    result = build(release, tmp_path / "out", "--set", "output.shard_samples=3")
    assert "\x1b" not in result.stderr + result.stdout
    lines = result.stderr.splitlines()
    assert lines[:1] == ["reading chartqa"]
    assert lines[-2] == "writing 11 samples in 4 shards"
    assert lines[-1].startswith("4 of 4 shards, ")


def test_a_terminal_that_cannot_go_back_in_a_line_gets_a_logs_lines(
    release: Release, tmp_path: Path
) -> None:
    command = ("build", release.mixture, "--out", tmp_path / "out", *SMALL_SHARDS)
    with on_terminal(*command, TERM="dumb") as terminal:
        assert terminal.end() == 0
    assert "\x1b" not in terminal.seen
    assert "4 of 4 shards, " in terminal.text


def test_ctrl_c_leaves_the_terminal_clean_and_the_same_command_goes_on(
    release: Release, tmp_path: Path
) -> None:
    write_many_conversations(release, 60)
    out = tmp_path / "out"
    one_each = ("--workers", 1, "--set", "output.shard_samples=1")
    command = ("build", release.mixture, "--out", out, *one_each)
    with on_terminal(*command) as terminal:
        terminal.wait_for("left")
        terminal.interrupt()
        assert terminal.end() == 130
    assert "whole shards are kept, and the same command goes on from there" in terminal.text
    assert terminal.seen.rindex(CURSOR_SHOWN) > terminal.seen.rindex(CURSOR_HIDDEN)
    assert "Traceback" not in terminal.text
    assert not (out / "manifest.json").exists()
    result = library.build(
        release.mixture, out=out, workers=1, overrides=["output.shard_samples=1"]
    )
    assert 0 < result.written_shards < 60
    assert library.verify(out) == []


def test_reading_tells_the_records_so_far(release: Release) -> None:
    write_many_conversations(release, 12_000)
    seen: list[tuple[str, int]] = []
    calls = library.Progress(on_records=lambda name, records: seen.append((name, records)))
    library.plan(release.mixture, progress=calls)
    assert seen == [("sharegpt-4v", 0), ("sharegpt-4v", 5000), ("sharegpt-4v", 10_000)]


def test_json_is_all_that_a_verb_prints_to_its_output(release: Release) -> None:
    assert json.loads(datakit("plan", release.mixture, "--json").stdout)["samples"] == 11
    with on_terminal("plan", release.mixture, "--json") as terminal:
        assert terminal.end() == 0
    last = terminal.text.replace("\n\n", "\n")
    assert json.loads(last[last.index("\n{\n") :])["samples"] == 11
