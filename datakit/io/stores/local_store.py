"""A folder of this machine, or one that several machines share."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from datakit.errors import OutputError
from datakit.io.atomic import sync, write_whole
from datakit.io.digest import file_sha256
from datakit.io.stores.holder import Holder
from datakit.io.stores.store import HOLDER, WORK, Store

PARTIAL = f"{WORK}/partial"
FULL = (errno.ENOSPC, errno.EDQUOT)
# A file written again so soon after its last change might have the same time of change.
CLOCK_STEP_NS = 10_000_000
LARGE_BYTES = 1 << 24  # take longer to hash than a step of the clock


@contextmanager
def locked_folder(folder: Path, *, work: str) -> Iterator[None]:
    """Makes a folder and holds it; another `work` into it is refused.

    The lock is the kernel's, on the folder itself, so that it ends with its process.

    Raises:
        OutputError: the folder cannot be made, or another one is at work there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be made: {error.strerror}. Give --out another one."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        named = _holder_of(folder)
        raise OutputError(
            f"another {work} is writing to {folder}{f' ({named})' if named else ''}. "
            "Wait for it to end."
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


class LocalStore(Store):
    """A folder; files are renamed into their place, after they are on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __reduce__(self) -> tuple[type[LocalStore], tuple[Path]]:
        return LocalStore, (self.root.absolute(),)

    def __str__(self) -> str:
        return str(self.root)

    @property
    def place(self) -> Path:
        return self.root

    @contextmanager
    def held(self) -> Iterator[None]:
        with locked_folder(self.root, work="build"):
            yield

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        work = self.root / WORK
        try:
            shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
            (self.root / PARTIAL).mkdir(parents=True, exist_ok=True)
            write_whole(self.root / HOLDER, Holder.this().dump(), synced=False)
        except OSError as error:
            if error.errno in FULL:
                raise
            raise OutputError(f"{self.root} cannot be written: {error.strerror}.") from error
        try:
            yield work
        finally:
            (self.root / HOLDER).unlink(missing_ok=True)

    @contextmanager
    def whole_file(self, name: str) -> Iterator[Path]:
        path, partial = self.root / name, self.root / PARTIAL / uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            sync(partial)
            partial.replace(path)
            sync(path.parent)
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def filled(self, *, last: str) -> Iterator[Path]:  # noqa: ARG002 - each file appears at once
        yield self.root

    @contextmanager
    def appended(self, name: str) -> Iterator[Path]:
        yield self.root / name

    def names(self) -> Iterator[str]:
        for folder, inside, files in os.walk(self.root):
            inside.sort()
            links = (name for name in inside if (Path(folder) / name).is_symlink())
            relative = Path(folder).relative_to(self.root)
            yield from ((relative / name).as_posix() for name in sorted([*files, *links]))

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def size(self, name: str) -> int:
        with suppress(OSError):
            return (self.root / name).stat().st_size
        return 0

    def sha256(self, name: str) -> str:
        return file_sha256(self.root / name)

    def stamp(self, name: str) -> str:
        status = (self.root / name).stat()
        since_ns = time.time_ns() - status.st_ctime_ns
        if 0 <= since_ns < CLOCK_STEP_NS and status.st_size > LARGE_BYTES:
            # Until the clock has moved on, and whoever writes the file again is seen by its time.
            time.sleep((CLOCK_STEP_NS - since_ns) / 1e9)
            status = (self.root / name).stat()
        # The time of change, which no tool sets back as it may the time of modification.
        times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
        return f"{status.st_ino} {status.st_size} {times}"

    def is_untouched(self, name: str, stamp: str, *, noted_in: str) -> bool:
        with suppress(OSError):
            changed = (self.root / name).stat().st_ctime_ns
            later = (self.root / noted_in).stat().st_ctime_ns - changed
            return self.stamp(name) == stamp and later > CLOCK_STEP_NS
        return False

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def remove_work(self) -> None:
        shutil.rmtree(self.root / WORK, ignore_errors=True)
        with suppress(OSError):
            self.root.rmdir()

    def free_bytes(self) -> int | None:
        return shutil.disk_usage(self.root).free


def _holder_of(folder: Path) -> Holder | None:
    """Who says to write there; None where nobody has said so yet."""
    with suppress(OSError):
        return Holder.parse((folder / HOLDER).read_bytes())
    return None
