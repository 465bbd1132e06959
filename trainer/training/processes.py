"""The processes that train together."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from datakit.errors import DatakitError

T = TypeVar("T")

SHARED_MEMORY_OP = "deepspeed_shm_comm"
COLLECTIVE_TIMEOUT = timedelta(minutes=30)
FIRST_PORT, PORTS = 20_000, 10_000  # of jobs of Slurm, by their number


@dataclass(frozen=True, slots=True)
class Processes:
    """This process's place among all that train.

    Attributes:
        rank: of this process, from 0.
        count: of processes.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process prints and writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Returns when every process has come here."""
        distributed.barrier()

    def sums(self, *values: float) -> list[float]:
        """Adds up each value over all processes."""
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        return [float(value) for value in tensor.tolist()]

    def largest(self, value: int) -> int:
        """The largest value of any process."""
        tensor = torch.tensor(value, device=self.device)
        distributed.all_reduce(tensor, distributed.ReduceOp.MAX)
        return int(tensor)

    def gather(self, value: T) -> list[T]:
        """The values of all processes, by rank."""
        values: list[T] = [value] * self.count
        distributed.all_gather_object(values, value)
        return values

    def gather_or_raise(self, work: Callable[[], T]) -> list[T]:
        """What a piece of work gives in every process; where one fails, all raise its error.

        Otherwise the others would wait for it until the timeout.
        """
        try:
            own: T | DatakitError = work()
        except DatakitError as error:
            own = error
        values = self.gather(own)
        for value in values:
            if isinstance(value, DatakitError):
                raise value
        return [value for value in values if not isinstance(value, DatakitError)]

    def share_of(self, items: Sequence[T]) -> Sequence[T]:
        """The part of the items that falls to this process."""
        return items[self.rank :: self.count]

    def tell(self, line: str) -> None:
        """Prints a line once, not once a process."""
        if self.is_main:
            print(line, flush=True)  # noqa: T201 - the console is this function's purpose


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Joins the processes that a launcher started; without a launcher this one trains alone.

    The group is left at the end, also after an error.
    """
    on_gpu = torch.cuda.is_available()
    os.environ.setdefault("DS_ACCELERATOR", "cuda" if on_gpu else "cpu")
    import deepspeed  # reads DS_ACCELERATOR as it is imported

    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    # Otherwise it compiles C++ for half a minute, and fails where there is no compiler.
    deepspeed.ops.__compatible_ops__[SHARED_MEMORY_OP] = False
    with _launched():
        rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
        device = torch.device("cuda", local_rank) if on_gpu else torch.device("cpu")
        if on_gpu:
            torch.cuda.set_device(device)
        deepspeed.init_distributed(
            dist_backend="nccl" if on_gpu else "gloo", timeout=COLLECTIVE_TIMEOUT, verbose=False
        )
        try:
            yield Processes(rank, int(os.environ["WORLD_SIZE"]), device)
        finally:
            deepspeed.comm.destroy_process_group()


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Within it, torch uses only operations that give the same bits each time, where wanted."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(wanted or before)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


@contextmanager
def _launched() -> Iterator[None]:
    """Where no launcher of torch did it, sets for a while what one would have set."""
    if "RANK" in os.environ:
        yield
        return
    # A batch script has no tasks itself: only what `srun` starts has this variable.
    added = _of_slurm(os.environ) if "SLURM_STEP_NUM_TASKS" in os.environ else _alone()
    added = {key: value for key, value in added.items() if key not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for key in added:
            del os.environ[key]


def _of_slurm(environment: Mapping[str, str]) -> dict[str, str]:
    """What torch wants to know of a task that `srun` started."""
    job = int(environment["SLURM_JOB_ID"]) + int(environment.get("SLURM_STEP_ID", 0))
    return {
        "RANK": environment["SLURM_PROCID"],
        # With `--gpus-per-task` a task sees its own GPU alone.
        "LOCAL_RANK": str(int(environment["SLURM_LOCALID"]) % max(torch.cuda.device_count(), 1)),
        "WORLD_SIZE": environment["SLURM_STEP_NUM_TASKS"],
        "MASTER_ADDR": environment.get("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1"),
        "MASTER_PORT": str(FIRST_PORT + job % PORTS),
    }


def _alone() -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
