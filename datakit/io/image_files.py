"""Which of a source's images exist, how large they are, and what a missing one was meant to be."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path


def clean_name(name: str) -> str | None:
    """A relative path with forward slashes, or None where it leads out of its root."""
    parts = name.replace("\\", "/").split("/")
    if (parts[0] == "" and name) or ".." in parts or "\x00" in name:
        return None
    return "/".join(part for part in parts if part not in ("", "."))


class ImageFiles:
    """The image files under one root; each is looked up once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sizes: dict[str, int] = {}
        self._folders: dict[str, list[str]] = {}

    def size(self, name: str) -> int | None:
        """Bytes of an image by its path relative to the root; None where there is no file."""
        known = self._sizes.get(name)
        if known is None:
            known = self._sizes[name] = self._look(name)
        return known if known >= 0 else None

    def suggestion(self, name: str) -> str:
        """The existing file that a missing name was probably meant to be, in a sentence."""
        if os.path.lexists(os.path.join(self.root, name)):  # noqa: PTH118
            return "it is a folder, a broken link or another thing that is no file"
        folder, _, base = name.rpartition("/")
        siblings = self._siblings(folder)
        if not siblings:
            return f"the folder {folder or '.'!r} is missing or empty"
        by_lower_case = {sibling.lower(): sibling for sibling in siblings}
        same = by_lower_case.get(base.lower())
        stem = base.rpartition(".")[0].lower()
        other_type = [sibling for sibling in siblings if sibling.rpartition(".")[0].lower() == stem]
        close = [same] if same else other_type or get_close_matches(base, siblings[:2000], n=1)
        return f"nearest is {folder + '/' if folder else ''}{close[0]}" if close else "none near it"

    def _look(self, name: str) -> int:
        try:
            status = os.stat(os.path.join(self.root, name))  # noqa: PTH116, PTH118 - hot path
        except (OSError, ValueError):
            return -1
        return status.st_size if status.st_mode & 0o170000 == 0o100000 else -1

    def _siblings(self, folder: str) -> list[str]:
        if folder not in self._folders:
            try:
                names = (os.fsencode(name) for name in os.listdir(self.root / folder))  # noqa: PTH208
                self._folders[folder] = sorted(name.decode("utf-8", "replace") for name in names)
            except OSError:
                self._folders[folder] = []
        return self._folders[folder]
