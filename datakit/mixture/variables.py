"""Variables in paths: `${NAME}` and `${NAME:-default}`, substituted after parsing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from datakit.errors import UsageError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def substitute(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Replaces each variable by its value, or by its default where it is unset or empty.

    Raises:
        UsageError: a variable without default is not set.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        found = environment.get(name) or default
        if found is None:
            raise UsageError(
                f"the variable {name} in {text!r} is not set. "
                f"Set it, or write ${{{name}:-default}}."
            )
        return found

    return VARIABLE.sub(value, text)
