"""Digests that another process makes are those that this one would make."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

import datakit
from datakit.mixture import Dedup
from datakit.planning import digesting
from datakit.planning.dedup import turn_digests
from datakit.planning.digesting import TurnDigester
from tests.releases import Release

PAYLOADS = [
    orjson.dumps({"question": f"Où est {n}?", "answer": "là" if n % 3 else ""}) for n in range(500)
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digesting, "LEAST_RECORDS", 100)


def fed(digester: TurnDigester, payloads: list[bytes]) -> TurnDigester:
    for start in range(0, len(payloads), 64):
        part = payloads[start : start + 64]
        ends = [sum(map(len, part[: n + 1])) for n in range(len(part))]
        digester.add(b"".join(part), ends)
    return digester


def started(digester: TurnDigester) -> int:
    """Waits for the process, which a thread starts; its number."""
    while digester._process is None or digester._process.pid is None:
        time.sleep(0.01)
    return digester._process.pid


@pytest.mark.parametrize("match", ["exact", "normalized", "semantic"])
@pytest.mark.parametrize("by", ["pair", "target"])
def test_they_are_the_same(by: str, match: str) -> None:
    how = Dedup.model_validate({"by": by, "match": match})
    made = fed(TurnDigester("vqa-open", how), PAYLOADS).result()
    assert made is not None
    assert made.equals(turn_digests(PAYLOADS, "vqa-open", how))


def test_a_few_records_start_no_process() -> None:
    digester = fed(TurnDigester("vqa-open", Dedup()), PAYLOADS[:90])
    assert digester.result() is None
    digester.close()


def test_a_process_that_dies_leaves_the_work_to_this_one() -> None:
    digester = fed(TurnDigester("vqa-open", Dedup()), PAYLOADS)
    os.kill(started(digester), signal.SIGKILL)
    assert digester._process is not None
    digester._process.join()
    fed(digester, PAYLOADS * 40)
    assert digester.result() is None
    digester.close()


@pytest.mark.skipif(sys.platform != "linux", reason="no server there")
def test_a_server_that_dies_while_it_imports_leaves_the_work_to_this_one() -> None:
    code = (
        "import os, signal, threading, time\n"
        "from multiprocessing.forkserver import _forkserver as server\n"
        "from datakit.mixture import Dedup\n"
        "from datakit.planning import digesting\n"
        "def kill():\n"
        "    while server._forkserver_pid is None: time.sleep(0.001)\n"
        "    time.sleep(0.1)\n"
        "    os.kill(server._forkserver_pid, signal.SIGKILL)\n"
        "threading.Thread(target=kill).start()\n"
        "digesting.LEAST_RECORDS = 1\n"
        "digester = digesting.TurnDigester('vqa-open', Dedup())\n"
        "for _ in range(200): digester.add(b'{}', [2])\n"
        "print(digester.result())\n"
        "digester.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


def test_one_that_nobody_asks_ends() -> None:
    digester = fed(TurnDigester("vqa-open", Dedup()), PAYLOADS)
    started(digester)
    digester.close()
    assert digester._process is not None and digester._process.exitcode is not None


def test_a_plan_is_the_same_with_a_second_process(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAKIT_CACHE", "off")
    file = release.charts / "train_human.json"
    rows = json.loads(file.read_text())
    file.write_text(json.dumps(rows * 20))
    here = tmp_path / "datakit"
    here.mkdir()
    (here / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with_two = datakit.plan(release.mixture)
    monkeypatch.setattr(digesting, "LEAST_RECORDS", 10**9)
    assert datakit.plan(release.mixture).samples.equals(with_two.samples)
