"""A dataset repository of the Hugging Face Hub as the place."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from datakit.errors import DataError, OutputError, UsageError
from datakit.publishing.place import Comparison, Offer, OnFile, Place, difference, listed
from datakit.shards.folder import is_own
from datakit.shards.manifest import FileEntry
from datakit.shards.mixture_lock import LOCK

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

BRANCH = "main"
KIND = "dataset"
NAME = re.compile(r"[\w.-]+/[\w.-]+")


class HubRepo(Place):
    """`owner/name`, on the Hub that `HF_ENDPOINT` names, with the token of `hf auth login`."""

    def __init__(self, repo: str, revision: str | None, public: bool) -> None:
        self.name = repo
        self._revision = revision or BRANCH
        self._public = public
        self._head: str | None = None
        if not NAME.fullmatch(repo):
            raise UsageError(
                f"{repo!r} is neither a repository nor a folder: expected owner/name, or a path "
                "that starts with / or ./"
            )
        self.address = f"{self._api.endpoint}/datasets/{repo}"

    @cached_property
    def _api(self) -> HfApi:
        # The Hub's client takes a third of a second to load.
        from huggingface_hub import HfApi

        return HfApi(library_name="datakit")

    def compare(self, offer: Offer, *, force: bool) -> Comparison:
        """Compares the digests that the Hub has with those of the build; no data are fetched."""
        with self._told():
            there = self._files()
        kept = [
            path
            for path, entry in offer.files.items()
            if path in there and _is_same(there[path], offer.build / path, entry)
        ]
        send = [path for path in offer.files if path not in kept]
        removed = sorted(path for path in there if path not in offer.files and is_own(path))
        other = [path for path in send if path in there] + removed
        if other and not force:
            self._refuse(offer, other)
        return Comparison(send=send, kept=kept, removed=removed)

    def send(
        self,
        offer: Offer,
        comparison: Comparison,
        on_file: OnFile,
        *,
        force: bool,  # noqa: ARG002 - the Hub refuses a commit to a branch that has moved since
    ) -> None:
        """Sends file after file, each of which is kept if this stops, then commits all at once."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        with self._told():
            self._make_what_is_missing()
            additions = []
            for done, path in enumerate(comparison.send, 1):
                additions.append(CommitOperationAdd(path, str(offer.build / path)))
                self._api.preupload_lfs_files(
                    self.name, additions[-1:], repo_type=KIND, revision=self._revision
                )
                on_file(path, done, len(comparison.send))
            self._api.create_commit(
                self.name,
                [*additions, *map(CommitOperationDelete, comparison.removed)],
                commit_message=f"{offer.manifest.name}: {offer.manifest.samples:,} samples",
                commit_description=f"datakit build {offer.manifest.fingerprint}",
                repo_type=KIND,
                revision=self._revision,
                parent_commit=self._head,
            )

    def _files(self) -> dict[str, RepoFile]:
        """Every file of the branch; of `main`, which a new branch starts from; or none."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
        from huggingface_hub.hf_api import RepoFile

        for revision in (self._revision, BRANCH):
            try:
                self._head = self._api.dataset_info(self.name, revision=revision).sha
            except RevisionNotFoundError:
                continue
            except RepositoryNotFoundError:
                break
            tree = self._api.list_repo_tree(
                self.name, repo_type=KIND, revision=self._head, recursive=True
            )
            return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
        return {}

    def _make_what_is_missing(self) -> None:
        if self._head is None:
            self._api.create_repo(
                self.name, repo_type=KIND, private=not self._public, exist_ok=True
            )
        if self._revision != BRANCH:
            self._api.create_branch(self.name, branch=self._revision, repo_type=KIND, exist_ok=True)

    def _refuse(self, offer: Offer, other: Collection[str]) -> None:
        """
        Raises:
            OutputError: always, with the difference between the two mixtures if they differ.
        """
        what = f"other files where this build has its own: {listed(other)}. "
        if LOCK in other:
            with self._told(), TemporaryDirectory() as folder:
                lock = self._api.hf_hub_download(
                    self.name, LOCK, repo_type=KIND, revision=self._head, local_dir=folder
                )
                there = Path(lock).read_text(encoding="utf-8")
            what = f"another build:\n  {difference(there, offer, self.name)}\n"
        raise OutputError(
            f"{self.name} holds {what}Name another repository or --revision, or replace it with "
            "--force."
        )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what the Hub's client raises into errors that say how to mend them."""
        from huggingface_hub import errors

        # Of httpx or httpx2, by the version of the Hub's client.
        unreachable = (errors.HTTPError, OSError)  # type: ignore[attr-defined]
        try:
            yield
        except (*unreachable, RuntimeError, ValueError) as error:
            cause = error if isinstance(error, errors.HfHubHTTPError) else error.__cause__
            status = cause.response.status_code if isinstance(cause, errors.HfHubHTTPError) else 0
            reason = str(cause or error).strip().partition("\n")[0].rstrip(".")
            if status == 401:
                raise UsageError(
                    f"{self.name}: the Hub knows no token of yours, or refuses it. Log in with "
                    "`hf auth login`, or set HF_TOKEN, with a token that may write."
                ) from error
            if status == 403:
                raise UsageError(
                    f"{self.name}: your token may not write there. Ask its owner, name a "
                    "repository of your own, or log in with a token that may: `hf auth login`."
                ) from error
            if status in (409, 412):
                raise OutputError(
                    f"{self.name} changed while it was pushed to: {reason}. Push again."
                ) from error
            raise DataError(
                f"{self.name} could not be pushed to, and is as it was: {reason}. Check the "
                "network, HF_ENDPOINT and HF_HUB_OFFLINE, then push again: what has been sent is "
                f"not sent twice.{self._folder_hint()}"
            ) from error

    def _folder_hint(self) -> str:
        """What to write where a folder may have been meant."""
        is_here = Path(self.name).parent.is_dir()
        return f" For a folder, write ./{self.name}" if is_here else ""


def _is_same(file: RepoFile, path: Path, entry: FileEntry) -> bool:
    """Whether the Hub's file has the bytes of the build's: by SHA-256, or by git's own digest."""
    if file.size != entry.bytes:
        return False
    if file.lfs is not None:
        return file.lfs.sha256 == entry.sha256
    data = path.read_bytes()
    return file.blob_id == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
