"""Reads a pickle that holds plain data only, so that reading it can run nothing."""

from __future__ import annotations

import hashlib
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

from datakit.errors import FormatError
from datakit.io.trees import SourcePath

# Containers that pickles name, under Python 2 and 3; lists, dicts and text need no name.
PLAIN: dict[str, Any] = {"set": set, "frozenset": frozenset}
MODULES = ("builtins", "__builtin__")
DAMAGE = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, MemoryError,
)  # fmt: skip


class PlainUnpickler(pickle.Unpickler):
    """An unpickler that finds no class or function but those of plain containers."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name in MODULES and global_name in PLAIN:
            return PLAIN[global_name]
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")


def read_plain_pickle(path: Path | SourcePath) -> tuple[Any, str]:
    """What a pickle holds, and the SHA-256 of the file.

    Containers, numbers and text of any pickle protocol are read, also as Python 2 wrote them.

    Raises:
        FormatError: it cannot be read, is damaged, or holds anything else.
    """
    try:
        data = path.read_bytes()
        plain = PlainUnpickler(BytesIO(data), encoding="utf-8", errors="replace").load()
        return plain, hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}.") from error
    except DAMAGE as error:
        raise FormatError(
            f"{path}: not a pickle of plain containers, numbers and text: {error}. Nothing else "
            "is read, because it could run code; fetch the file again."
        ) from error
