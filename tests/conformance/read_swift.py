# /// script
# requires-python = ">=3.11"
# dependencies = ["ms-swift==4.6.0", "qwen-vl-utils", "torchvision"]
# ///
"""ms-swift's own loader reads an export: `load_dataset`, then its template of Qwen2-VL.

python read_swift.py EXPORT REPORT
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from read_back import read_back
from swift import get_processor, get_template, load_dataset
from tiny_qwen2_vl import write_tiny_qwen2_vl

PACKAGES = ("ms-swift", "transformers", "datasets", "torch")


def main(export: Path, report: Path) -> None:
    os.environ["ROOT_IMAGE_DIR"] = str(export)
    with TemporaryDirectory() as temporary:
        model = write_tiny_qwen2_vl(Path(temporary) / "model")
        processor = get_processor(str(model), model_type="qwen2_vl")
        template = get_template(processor, template_type="qwen2_vl")
        template.set_mode("train")
        files = sorted(map(str, export.glob("*.jsonl")))
        rows, _ = load_dataset(files, strict=True, load_from_cache_file=False)
        samples = []
        for row in rows:
            images = [image["path"] for image in row["images"] or []]
            encoded = template.encode(row)
            samples.append(
                read_back(processor.tokenizer, encoded["input_ids"], encoded["labels"], images)
            )
    versions = {name: version(name) for name in PACKAGES}
    report.write_text(json.dumps({"versions": versions, "samples": samples}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
