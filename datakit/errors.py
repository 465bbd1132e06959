"""Every error that datakit and its trainer raise on purpose.

    DatakitError                 anything below; `exit_status` is what the CLI ends with
    ├── UsageError        (2)    what the user wrote is wrong: a command, a path, a file
    │   ├── ConfigError          a mixture, template set or recipe; holds every Problem found
    │   ├── MissingDataError     nothing is at a path that a mixture names
    │   └── OutputError          the output folder cannot be used, or holds something else
    └── DataError         (1)    the data are faulty
        ├── FormatError          a raw file is not in a layout that its converter reads
        ├── RejectShareError     a build is whole, but too many of a source's records are faulty
        └── DamageError          a build on disk is not what its manifest says

A message says what was found, what was expected, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_NAMES = 20


class DatakitError(Exception):
    """Base of all errors raised on purpose."""

    exit_status = 1


class UsageError(DatakitError):
    """The command, or a file that the user wrote, is wrong."""

    exit_status = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a file that the user wrote.

    Attributes:
        where: `file:line`, or the option of the command it came from.
        key: dotted path of the key, such as `sources[1].path`; may be empty.
        found: what is wrong, in a sentence.
        mend: how to put it right; may be empty.
        missing_data: whether it is only that data are not there yet.
    """

    where: str
    key: str
    found: str
    mend: str = ""
    missing_data: bool = False

    def __str__(self) -> str:
        subject = f"{self.key}: " if self.key else ""
        mend = f" {self.mend}" if self.mend else ""
        return f"{self.where}: {subject}{self.found}{mend}"


class ConfigError(UsageError):
    """A mixture, template set or recipe has one or several problems, all listed."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.what = what
        self.problems = tuple(sorted(problems, key=_by_line))
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{what} has {count}:\n{lines}")


def _by_line(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (problem.where, 0)


class MissingDataError(UsageError):
    """Nothing is at a path that a mixture names."""


class OutputError(UsageError):
    """The output folder cannot be written, is in use, or holds something else."""


class DataError(DatakitError):
    """The data are faulty, or the work on them failed."""


class FormatError(DataError):
    """A raw file is not in a layout that its converter reads."""


class RejectShareError(DataError):
    """A build is whole, but more of a source's records are faulty than the mixture allows."""


class DamageError(DataError):
    """A build on disk is not what its manifest says."""


def nearest(name: str, known: Sequence[str]) -> str:
    """Says which known names resemble `name`, or lists them all where none does."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(repr(match) for match in close)}?"
    shown = sorted(known)
    more = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    return f"Known: {', '.join(shown[:MAX_NAMES]) or 'none'}{more}."
