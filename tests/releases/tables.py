"""Tables as the Hub has them: Parquet that `datasets` writes, in several files, with images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, disable_progress_bars


def write_tables(
    folder: Path, split: str, rows: list[dict[str, Any]], images: tuple[str, ...] = ("image",)
) -> None:
    """Writes rows in two files `{split}-00000-of-00002.parquet`; the last has but one row.

    Args:
        images: the columns of images, or of lists of them, which the rows give by their files, or
            as null.
    """
    disable_progress_bars()
    whole = Dataset.from_list(
        [{**row, **{key: _image(row[key]) for key in images}} for row in rows]
    )
    kinds = {key: [Image()] if isinstance(rows[0][key], list) else Image() for key in images}
    whole = whole.cast(Features({**whole.features, **kinds}))
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate((range(len(rows) - 1), [len(rows) - 1])):
        whole.select(part).to_parquet(folder / f"{split}-{number:05}-of-00002.parquet")


def write_card(folder: Path, *configs: tuple[str, str]) -> None:
    """Writes the card of a dataset with these pairs of a configuration and its split."""
    lines = ["---", "configs:"]
    for name, split in configs:
        path = f"{name}/{split}-*"
        lines += [f"- config_name: {name}", "  data_files:"]
        lines += [f"  - split: {split}", f"    path: {path}"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))


def _image(file: Any) -> Any:
    if isinstance(file, list):
        return [_image(one) for one in file]
    return None if file is None else {"bytes": file.read_bytes(), "path": file.name}
