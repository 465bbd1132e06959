"""Weights of encoders: where they are, and whether they fit. They fit whole, or it is an error."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError

from huggingface_hub import hf_hub_download
from safetensors import SafetensorError
from torch import Tensor, nn

from datakit.errors import UsageError
from trainer.encoders.preset import EncoderSpec

HUB = "hf://"
PRETRAINED = "pretrained"
SHOWN = 12
# What torch, safetensors and the Hub's client raise for a file that is damaged or not there.
UNREADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    LookupError,
    UnpicklingError,
    SafetensorError,
)


def weights_file(spec: EncoderSpec) -> Path | None:
    """The file that `spec.weights` names, fetched from the Hub where that is where it is.

    Returns:
        None where it names something else: a folder, a whole repository, a tag, or nothing.

    Raises:
        UsageError: there is no such file.
    """
    named = spec.weights or ""
    path = Path(named).expanduser()
    if named.startswith(HUB):
        owner, name, file = (*named.removeprefix(HUB).split("/", 2), "", "")[:3]
        if not file:
            return None
        with loading(spec):
            return Path(hf_hub_download(f"{owner}/{name}", file))
    if ("/" in named or path.suffix) and not path.exists():
        hint = f"Those of a repository on the Hub are {HUB}OWNER/NAME."
        raise UsageError(f"encoder {spec.name!r}: no weights at {path}. {hint}")
    return path if path.is_file() else None


def weights_folder(spec: EncoderSpec) -> Path | None:
    """The folder that `spec.weights` names, where it is one that is here."""
    path = Path(spec.weights or "").expanduser()
    return path if spec.weights and path.is_dir() else None


def fitting(
    state: Mapping[str, Tensor], module: nn.Module, spec: EncoderSpec, *, spare: Collection[str]
) -> dict[str, Tensor]:
    """Takes from a checkpoint what a module wants, all of it.

    Args:
        spare: names that the checkpoint may hold besides, such as those of layers behind the one
            that is used.

    Raises:
        UsageError: tensors that are missing, left over or of another shape, all counted and the
            first of each kind listed.
    """
    wanted = module.state_dict()
    faults = {
        "missing": [name for name in wanted if name not in state],
        "left over": [name for name in state if name not in wanted and name not in spare],
        "of another shape": [
            f"{name} {tuple(state[name].shape)}, expected {tuple(tensor.shape)}"
            for name, tensor in wanted.items()
            if name in state and state[name].shape != tensor.shape
        ],
    }
    if any(faults.values()):
        found = "; ".join(f"{_listed(names)} {kind}" for kind, names in faults.items() if names)
        raise UsageError(
            f"encoder {spec.name!r}: the weights {spec.weights!r} do not fit {spec.architecture}: "
            f"{found}. Name weights of this architecture, or give its `options`."
        )
    return {name: state[name] for name in wanted}


@contextmanager
def loading(spec: EncoderSpec) -> Iterator[None]:
    """Within it, weights that cannot be read or fetched are a UsageError that names them."""
    try:
        yield
    except UNREADABLE as error:
        raise UsageError(
            f"encoder {spec.name!r}: the weights {spec.weights!r} cannot be loaded: {error} "
            "Name weights that are here, or null for random ones."
        ) from error


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} ({', '.join(names[:SHOWN])}{more})"
