"""`trainer` in processes of its own that need not import torch: forks of one that has.

Each line of stdin is a job as JSON, each line of stdout its processes' statuses. Processes find
each other as tasks of `srun` do. A run on one thread has no locks that a fork could copy.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

NEEDED = (
    "deepspeed",
    "peft",
    "timm",
    "transformers.models.llama.modeling_llama",
    "trainer.cli.main",
    "trainer.training.fit",
)


def main() -> None:
    """Imports what training needs, and runs jobs."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print as they are imported
    os.environ["DS_ACCELERATOR"] = "cpu"
    for name in NEEDED:
        import_module(name)
    import torch

    import trainer.training.engine

    torch.set_num_threads(1)
    trainer.training.engine.PERSISTENT_ELEMENTS = 0  # tiny tensors are spread too
    for line in sys.stdin:
        print(json.dumps(run_job(json.loads(line))), file=answers, flush=True)


def run_job(job: dict[str, Any]) -> list[int]:
    """Runs a command in one process or several; negative statuses are signals."""
    port = _free_port()
    children = [_fork(job, rank, port) for rank in range(job["processes"])]
    pending = set(children)
    statuses: dict[int, int] = {}
    signalled = False
    while pending:
        if job.get("when") and not signalled and _lines(job["when"]) >= job["lines"]:
            os.kill(children[-1], job["signal"])
            signalled = True
        for child in list(pending):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                statuses[child] = os.waitstatus_to_exitcode(status)
                pending.discard(child)
        time.sleep(0.002)
    return [statuses[child] for child in children]


def _fork(job: dict[str, Any], rank: int, port: int) -> int:
    child = os.fork()
    if child:
        return child
    console = os.open(f"{job['console']}.{rank}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(console, 1)
    os.dup2(console, 2)
    os.environ |= {
        "SLURM_JOB_ID": "1",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "SLURM_STEP_NUM_TASKS": str(job["processes"]),
        "MASTER_PORT": str(port),
    }
    if job.get("die_at"):
        sys.addaudithook(_killer(*job["die_at"]))
    if job.get("file_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], resource.RLIM_INFINITY))
    sys.argv = ["trainer", *job["command"]]
    status = 1
    try:
        from trainer.cli.main import run

        run()
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(bool(ending.code))
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _killer(event: str, name: str) -> Any:
    """A hook that kills this process as it is about to do something to a path of that name."""

    def hook(happening: str, arguments: tuple[Any, ...]) -> None:
        if happening == event and str(arguments[0]).endswith(name):
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _lines(file: str) -> int:
    path = Path(file)
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
