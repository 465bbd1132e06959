"""The push: a build that is whole goes to another place, and is whole there or absent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from datakit.errors import DamageError
from datakit.inspect import file_fault
from datakit.io.digest import file_sha256
from datakit.publishing.folder import Folder
from datakit.publishing.hub import HubRepo
from datakit.publishing.place import Offer, OnFile, Place
from datakit.shards.manifest import MANIFEST, FileEntry, read_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """What a push sent, or would send.

    Attributes:
        place: where to, as one would name it to open it.
        address: a URL of the Hub, or the folder.
        files: bytes of each file of the build that is sent, by its path.
        kept: paths of the build's files that are there already, with the same bytes.
        removed: paths that an earlier build wrote there, and this one did not.
        sent: whether anything was changed there; false for a dry run, too.
    """

    place: str
    address: str
    files: dict[str, int]
    kept: list[str]
    removed: list[str]
    sent: bool


def push(
    build: str | os.PathLike[str],
    repo: str,
    *,
    revision: str | None = None,
    public: bool = False,
    force: bool = False,
    dry_run: bool = False,
    on_file: OnFile = lambda _path, _done, _total: None,
) -> PushResult:
    """Sends a finished build to a dataset repository of the Hub, or to another folder.

    Sent is every file that the manifest knows, and the manifest: `datakit verify` of a copy passes.
    The work folder and the log stay, since they are no part of what a build is.

    On the Hub all of it becomes one commit, so that no reader sees half of it. A push that was
    stopped is the same call again: what has been sent is not sent twice.

    Args:
        repo: `owner/name`, or a path that starts with `/`, `./`, `../`, `~` or `file://`.
        revision: a branch of the repository, made where there is none; `main` where it is None.
        public: whether a repository that is made here can be read by all.
        force: replaces what another build left there, and nothing else.
        dry_run: looks, and sends nothing.
        on_file: called with each file's path, the number of files done, and of all.

    Raises:
        UsageError: there is no finished build, the name is none, or the Hub refuses the user.
        OutputError: there is another build, or files that no build wrote.
        DamageError: the build is not what its manifest says.
        DataError: the Hub cannot be reached, or the disk is full.
    """
    offer = _offer(Path(build))
    place = _place(repo, revision, public)
    comparison = place.compare(offer, force=force)
    changes = bool(comparison.send or comparison.removed)
    if changes and not dry_run:
        place.send(offer, comparison, on_file, force=force)
    return PushResult(
        place=place.name,
        address=place.address,
        files={path: offer.files[path].bytes for path in comparison.send},
        kept=comparison.kept,
        removed=comparison.removed,
        sent=changes and not dry_run,
    )


def _offer(build: Path) -> Offer:
    """What is to be sent, once each file was compared with the manifest."""
    manifest = read_manifest(build)
    entries = sorted(manifest.all_files, key=lambda entry: entry.path)
    faults = [f"{e.path}: {fault}" for e in entries if (fault := file_fault(build / e.path, e))]
    if faults:
        raise DamageError(
            f"{build} is not whole, and nothing was sent:\n  " + "\n  ".join(faults[:10]) + "\n"
            f"See `datakit verify {build}`; build it again with --force, or fetch it again."
        )
    path = build / MANIFEST  # last, as in a build
    entries.append(FileEntry(path=MANIFEST, bytes=path.stat().st_size, sha256=file_sha256(path)))
    return Offer(build=build, manifest=manifest, files={entry.path: entry for entry in entries})


def _place(repo: str, revision: str | None, public: bool) -> Place:
    if repo.startswith(("/", "./", "../", "~", "file://")) or repo in (".", ".."):
        return Folder(repo, revision)
    return HubRepo(repo, revision, public)
