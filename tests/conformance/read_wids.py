# /// script
# requires-python = ">=3.11"
# dependencies = ["webdataset==0.2.111", "torch", "pillow"]  # the last release with `wids` in it
# ///
"""webdataset's `wids` reads a build by its index, in random access.

python read_wids.py BUILD REPORT
"""

import hashlib
import json
import random
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import wids


def main(build: Path, report: Path) -> None:
    samples = []
    for index in sorted(build.glob("*.wids.json")):
        with TemporaryDirectory() as cache:
            dataset = wids.ShardListDataset(str(index), cache_dir=cache, transformations=[])
            order = random.Random(0).sample(range(len(dataset)), len(dataset))
            samples += [sample_of(dataset[number]) for number in order]
    versions = {"webdataset": version("webdataset")}
    report.write_text(json.dumps({"versions": versions, "samples": samples}))


def sample_of(row: dict) -> dict:
    fields = json.loads(row[".json"].read())
    images = [row[f".{member}"].read() for member in fields["images"]]
    return {
        "key": row["__key__"],
        "messages": fields["messages"],
        "images": [hashlib.sha256(data).hexdigest() for data in images],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
