"""`datakit push` to a Hub, by the Hub's real client."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import datakit
from tests.cli.command import datakit as command
from tests.publishing.hub_server import READER, Files, Hub

REPO = "anna/mix"


def files_of(build: Path) -> Files:
    """What of a build is to be sent: all but the log."""
    return {
        path.relative_to(build).as_posix(): path.read_bytes()
        for path in build.rglob("*")
        if path.is_file() and path.name != "build.log.jsonl"
    }


def pushed(hub: Hub, revision: str = "main") -> Files:
    """What the Hub holds, but for its own file."""
    files = hub.files(REPO, revision)
    return {path: data for path, data in files.items() if path != ".gitattributes"}


def test_a_push_is_one_commit_and_a_copy_of_it_is_whole(
    hub: Hub, build: Path, tmp_path: Path
) -> None:
    done = command("push", build, REPO)
    assert done.returncode == 0, done.stderr
    assert pushed(hub) == files_of(build)
    assert hub.repos[REPO].private
    assert len(hub.repos[REPO].branches["main"]) == 2  # the Hub's own, and the build
    assert f"{hub.url}/datasets/{REPO}: {len(files_of(build))} files" in done.stdout
    code = (
        "import sys, huggingface_hub\n"
        "huggingface_hub.snapshot_download("
        "sys.argv[1], repo_type='dataset', local_dir=sys.argv[2])"
    )
    copy = tmp_path / "copy"
    subprocess.run([sys.executable, "-c", code, REPO, str(copy)], check=True, capture_output=True)
    shutil.rmtree(copy / ".cache")
    (copy / ".gitattributes").unlink()
    assert datakit.verify(copy) == []


def test_what_is_there_already_is_not_sent_again(hub: Hub, build: Path) -> None:
    assert command("push", build, REPO, "--public").returncode == 0
    assert not hub.repos[REPO].private
    uploads, commits = len(hub.uploads), len(hub.commits)
    again = command("push", build, REPO)
    assert again.returncode == 0
    assert "holds this build already; nothing was sent." in again.stdout
    assert (len(hub.uploads), len(hub.commits)) == (uploads, commits)


def test_a_killed_push_shows_nothing_and_goes_on(hub: Hub, build: Path) -> None:
    started: list[int] = []

    def kill(count: int) -> None:
        if count == 3:
            os.kill(started[0], signal.SIGKILL)

    hub.on_upload = kill
    code = "from datakit.cli.main import run; run()"
    with subprocess.Popen([sys.executable, "-c", code, "push", str(build), REPO]) as process:
        started.append(process.pid)
    assert process.returncode == -signal.SIGKILL
    assert pushed(hub) == {}
    before = list(hub.uploads)
    assert len(before) >= 3
    hub.on_upload = lambda _count: None
    assert command("push", build, REPO).returncode == 0
    assert pushed(hub) == files_of(build)
    assert len(hub.uploads) == len(set(hub.uploads))
    assert hub.uploads[: len(before)] == before


def test_another_build_is_refused_with_the_difference_and_replaced_by_force(
    hub: Hub, build: Path, smaller: Path
) -> None:
    assert command("push", build, REPO).returncode == 0
    hub.commit(REPO, "main", {**hub.files(REPO), "paper.pdf": b"%PDF"})
    refused = command("push", smaller, REPO)
    assert refused.returncode == 2
    assert "-seed: 7" in refused.stderr
    assert "+seed: 8" in refused.stderr
    assert "replace it with --force" in refused.stderr
    assert pushed(hub) == {**files_of(build), "paper.pdf": b"%PDF"}
    done = command("push", smaller, REPO, "--force")
    assert done.returncode == 0, done.stderr
    assert "files removed" in done.stdout
    assert pushed(hub) == {**files_of(smaller), "paper.pdf": b"%PDF"}


def test_a_file_in_the_place_of_the_builds_own_is_refused(hub: Hub, build: Path) -> None:
    hub.create(REPO)
    hub.commit(REPO, "main", {**hub.files(REPO), "README.md": b"# My notes"})
    refused = command("push", build, REPO)
    assert refused.returncode == 2
    assert "holds other files where this build has its own: README.md" in refused.stderr
    assert pushed(hub) == {"README.md": b"# My notes"}


def test_a_revision_is_a_branch_that_is_made(hub: Hub, build: Path, smaller: Path) -> None:
    assert command("push", build, REPO, "--revision", "v1").returncode == 0
    assert pushed(hub) == {}
    assert pushed(hub, "v1") == files_of(build)
    assert command("push", smaller, REPO, "--revision", "v2").returncode == 0
    assert pushed(hub, "v2") == files_of(smaller)
    assert pushed(hub, "v1") == files_of(build)


def test_a_dry_run_lists_and_changes_nothing(hub: Hub, build: Path) -> None:
    done = command("push", build, REPO, "--dry-run")
    assert done.returncode == 0, done.stderr
    for path in files_of(build):
        assert f"  {path}\n" in done.stdout
    assert "would be sent" in done.stdout
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "the Hub knows no token of yours, or refuses it. Log in with `hf auth login`"),
        ("hf_wrong", "the Hub knows no token of yours, or refuses it. Log in with `hf auth login`"),
        (READER, "your token may not write there"),
    ],
)
def test_whom_the_hub_does_not_let_write(
    hub: Hub, build: Path, monkeypatch: pytest.MonkeyPatch, token: str, message: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    refused = command("push", build, REPO)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert hub.repos == {}


def test_no_network_is_told_and_no_traceback(
    hub: Hub, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    refused = command("push", build, REPO)
    assert refused.returncode == 1
    assert f"{REPO} could not be pushed to, and is as it was" in refused.stderr
    assert "HF_ENDPOINT" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert hub.repos == {}


def test_a_damaged_build_is_not_sent(hub: Hub, build: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(build, tmp_path / "damaged"))
    fields = json.loads((damaged / "manifest.json").read_text())
    shard = damaged / fields["shards"][1]["path"]
    data = bytearray(shard.read_bytes())
    data[600] ^= 1
    shard.write_bytes(data)
    refused = command("push", damaged, REPO)
    assert refused.returncode == 1
    assert f"{fields['shards'][1]['path']}: its bytes differ" in refused.stderr
    assert hub.repos == {}
