"""A folder as the place: a copy of the build, whole or absent."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from datakit.errors import DataError, OutputError, UsageError
from datakit.inspect import file_fault
from datakit.io.stores import open_store
from datakit.publishing.place import Comparison, Offer, OnFile, Place, difference, listed
from datakit.shards.folder import WORK, foreign_names
from datakit.shards.manifest import MANIFEST
from datakit.shards.mixture_lock import LOCK
from datakit.shards.new_folder import new_folder

URL = "file://"


class Folder(Place):
    """Another folder of this machine, or of one that is mounted here."""

    def __init__(self, repo: str, revision: str | None) -> None:
        if revision is not None:
            raise UsageError(f"a folder has no revisions, so --revision {revision} has no meaning.")
        path = unquote(repo.removeprefix(URL)) if repo.startswith(URL) else repo
        self.path = Path(path).expanduser().resolve()
        self.name = self.address = str(self.path)

    def compare(self, offer: Offer, *, force: bool) -> Comparison:
        """Either the folder holds the same build already, or all of it is copied."""
        build = offer.build.resolve()
        if self.path.is_relative_to(build) or build.is_relative_to(self.path):
            raise OutputError(f"{self.path} and the build {build} lie in each other.")
        if self._is_same(offer):
            return Comparison(send=[], kept=list(offer.files), removed=[])
        self._refuse_what_is_there(offer, force=force)
        there = (path for path in self.path.rglob("*") if path.is_file())
        old = {path.relative_to(self.path).as_posix() for path in there}
        removed = sorted(old - set(offer.files))
        return Comparison(send=list(offer.files), kept=[], removed=removed)

    def send(self, offer: Offer, comparison: Comparison, on_file: OnFile, *, force: bool) -> None:
        """Copies the build beside the folder, and puts the copy in its place."""
        refuse = partial(self._refuse_what_is_there, offer, force=force)
        try:
            with new_folder(self.path, work="push", refuse=refuse) as folder:
                _copy(offer.build, comparison.send, folder, on_file)
        except OSError as error:
            where = error.filename or self.path
            raise DataError(f"{where}: {error.strerror or error}. Nothing was pushed.") from error

    def _is_same(self, offer: Offer) -> bool:
        """Whether the folder holds this build, to the byte."""
        manifest = self.path / MANIFEST
        if not manifest.is_file() or manifest.read_bytes() != (offer.build / MANIFEST).read_bytes():
            return False
        entries = offer.manifest.all_files
        return not any(file_fault(self.path / entry.path, entry) for entry in entries)

    def _refuse_what_is_there(self, offer: Offer, *, force: bool) -> None:
        """Lets a folder pass that is not there, is empty, or is a build that may be replaced."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise OutputError(f"{self.path} is a file. Name another folder.")
        if foreign := [*foreign_names(open_store(self.path))]:
            raise OutputError(
                f"{self.path} holds files that no build wrote: {listed(foreign)}. "
                "Name another folder, or move them away."
            )
        if (self.path / WORK).is_dir():
            raise OutputError(f"{self.path} holds an unfinished build. Name another folder.")
        if any(self.path.iterdir()) and not force:
            there = (self.path / LOCK).read_text(encoding="utf-8")
            shown = difference(there, offer, self.name)
            what = f"another build:\n  {shown}\n" if shown else "another copy of this build. "
            raise OutputError(
                f"{self.path} holds {what}Name another folder, or replace it with --force."
            )


def _copy(build: Path, files: Sequence[str], folder: Path, on_file: OnFile) -> None:
    for done, path in enumerate(files, 1):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(build / path, target)
        on_file(path, done, len(files))
