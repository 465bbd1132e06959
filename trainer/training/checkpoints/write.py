"""Writes a checkpoint; every process takes a share of the tensors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX, sync, write_whole
from trainer.training.checkpoints.engine_state import KINDS, link_moments, read_tensor
from trainer.training.checkpoints.folders import STATE_FILE
from trainer.training.processes import Processes

FILE_BYTES = 4 * 10**9  # that a process holds in memory before it writes them


def write_checkpoint(
    folder: Path, engine: Any, state: Mapping[str, Any], processes: Processes
) -> None:
    """Writes what trains, and `state`, whole or not at all; every process calls it.

    Raises:
        OutputError: a process cannot write, as on a full disk; in all processes.
    """
    temporary = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    if processes.is_main:
        shutil.rmtree(temporary, ignore_errors=True)
    processes.wait()
    faults = [_write_tensors(temporary, engine, processes)]
    _agree(faults, folder, temporary, processes)
    if processes.is_main:
        faults.append(_complete(temporary, folder, state))
    _agree(faults, folder, temporary, processes)


def _write_tensors(temporary: Path, engine: Any, processes: Processes) -> str:
    """Writes this process's share; returns what went wrong, after reading all with the others."""
    fault = ""
    for number, tensors in enumerate(_own_tensors(engine, processes)):
        file = temporary / f"trained-{processes.rank:05d}-{number:05d}.safetensors"
        try:
            if not fault:
                temporary.mkdir(parents=True, exist_ok=True)
                save_file(tensors, file)
                sync(file)
        except (OSError, SafetensorError) as error:
            fault = str(error)
    return fault


def _own_tensors(engine: Any, processes: Processes) -> Iterator[dict[str, Tensor]]:
    """The tensors of this process's share of the parameters, a file at a time.

    Each parameter goes to the process that has the fewest elements so far.
    """
    link_moments(engine)
    shares = [0] * processes.count
    tensors: dict[str, Tensor] = {}
    for name, parameter in trained_parameters(engine.module):
        rank = shares.index(min(shares))
        for kind in KINDS:
            tensor = read_tensor(engine, parameter, kind)
            if rank == processes.rank:
                tensors[f"{kind}/{name}"] = tensor.to("cpu", copy=True).contiguous()
            shares[rank] += tensor.numel()
        if sum(tensor.nbytes for tensor in tensors.values()) >= FILE_BYTES:
            yield tensors
            tensors = {}
    if tensors:
        yield tensors


def trained_parameters(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Name and parameter of all that trains."""
    return [pair for pair in model.named_parameters() if pair[1].requires_grad]


def _complete(temporary: Path, folder: Path, state: Mapping[str, Any]) -> str:
    """Adds the state and gives the checkpoint its name; returns what went wrong."""
    try:
        write_whole(temporary / STATE_FILE, json.dumps(state, indent=1).encode() + b"\n")
        sync(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
        sync(folder.parent)
    except OSError as error:
        return str(error)
    return ""


def _agree(faults: list[str], folder: Path, temporary: Path, processes: Processes) -> None:
    found = [fault for own in processes.gather(faults) for fault in own if fault]
    if not found:
        return
    if processes.is_main:
        shutil.rmtree(temporary, ignore_errors=True)
    processes.wait()
    raise OutputError(
        f"the checkpoint {folder} cannot be written: {found[0]}. The one before it is whole; make "
        "room, and the same command goes on from there."
    )
