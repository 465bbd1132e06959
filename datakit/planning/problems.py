"""Collects what is wrong with a mixture instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from datakit.config import Loaded
from datakit.errors import ConfigError, MissingDataError, Problem, UsageError
from datakit.mixture import Mixture

T = TypeVar("T")
At = tuple[str | int, ...]


class Problems:
    """The problems of one mixture, each with the line of the key that it is about."""

    def __init__(self, loaded: Loaded[Mixture], known: Sequence[Problem] = ()) -> None:
        self.loaded = loaded
        self.all = list(known)

    def attempt(self, at: At, work: Callable[[], T]) -> T | None:
        """Runs one step; what it raises becomes problems at this place of the mixture."""
        try:
            return work()
        except ConfigError as error:
            self.all.extend(p for p in error.problems if p not in self.all)
        except UsageError as error:
            self.add(at, str(error), missing_data=isinstance(error, MissingDataError))
        return None

    def add(self, at: At, found: str, mend: str = "", *, missing_data: bool = False) -> None:
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
        problem = Problem(
            where=self.loaded.where(*at),
            key=key[1:],
            found=found,
            mend=mend,
            missing_data=missing_data,
        )
        if problem not in self.all:
            self.all.append(problem)
