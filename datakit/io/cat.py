"""Files of a bucket for programs that know no buckets: `python -m datakit.io.cat URL`."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from datakit.io.digest import READ_BYTES
from datakit.io.trees import BuildPlace, build_place


def cat_url(path: BuildPlace) -> str:
    """A file as webdataset takes it: a path, or for a URL the command that prints it."""
    if isinstance(path, Path):
        return str(path)
    return f"pipe:{shlex.quote(sys.executable)} -m {__name__} {shlex.quote(str(path))}"


if __name__ == "__main__":
    folder, _, name = sys.argv[1].rpartition("/")
    with (build_place(folder) / name).open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer, READ_BYTES)
