"""Processes that are forked of one with datakit imported: what they see, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from datakit.io.processes import begin_work, no_main_module, process_context, start_server

MODULE = "datakit.shards.local_engine"
SCRIPT = f"""
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from datakit.io.processes import begin_work, no_main_module, process_context, start_server
start_server({MODULE!r})
pool = ProcessPoolExecutor(
    1, mp_context=process_context(), initializer=begin_work, initargs=(dict(os.environ),)
)
with no_main_module():
    child = pool.submit(os.getpid).result()
print("the script runs", child, flush=True)
time.sleep(60)
"""


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(process: int) -> None:
    end = time.monotonic() + 20
    while is_running(process):
        assert time.monotonic() < end, "it outlives its parent"
        time.sleep(0.05)


def test_they_have_the_environment_of_now_and_modules_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_server(MODULE)
    monkeypatch.setenv("DATAKIT_SET_LATER", "yes")
    pool = ProcessPoolExecutor(
        1, mp_context=process_context(), initializer=begin_work, initargs=(dict(os.environ),)
    )
    with pool, no_main_module():
        assert pool.submit(os.getenv, "DATAKIT_SET_LATER").result() == "yes"
        assert pool.submit(os.getenv, "PYTHONSAFEPATH").result() is None
    assert sys.modules["__main__"].__name__ == "__main__"


def test_a_folder_of_the_same_name_is_not_imported(tmp_path: Path) -> None:
    other = tmp_path / "datakit"
    other.mkdir()
    (other / "__init__.py").write_text("raise SystemExit('not this one')")
    code = f"import os; os.chdir({str(tmp_path)!r})\n" + SCRIPT.replace("sleep(60)", "sleep(0)")
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the script runs" in done.stdout


def test_a_temporary_folder_too_deep_for_a_socket_costs_time_alone(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 80)
    deep.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("sleep(60)", "sleep(0)")],
        env={**os.environ, "TMPDIR": str(deep)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "the script runs" in done.stdout


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_they_end_with_their_parent_however_it_ends(end: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)  # with no `if __name__ == "__main__"`, and yet it runs once
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split()[-1])
        assert is_running(child)
        parent.send_signal(end)
        assert parent.stdout.read() == ""
    wait_for_end(child)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_ctrl_c_while_the_server_imports_is_said_once(seconds: float) -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from datakit.io.processes import start_server\n"
        f"start_server({MODULE!r})\n"
        "try:\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    raise SystemExit(130)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
