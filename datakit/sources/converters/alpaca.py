"""Alpaca: instructions in text alone, with their responses."""

from __future__ import annotations

from collections.abc import Iterator

from datakit.record import Instruction, Record, Reject
from datakit.sources.conversation_rows import json_files
from datakit.sources.converter import Converter
from datakit.sources.row import BadRow, Row, optional_text

NO_INPUT = ("<noinput>", "no input", "n/a")


class Alpaca(Converter):
    """A JSON list, or JSON lines, of instructions; `alpaca_data.json` is one.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. A raw row:

        {"instruction": "Put the words in order.", "input": "pear, fig", "output": "fig, pear"}

    becomes

        Record(record_id="alpaca_data.json-0", place="alpaca_data.json[0]", task="text-only",
               images=(),
               payload=Instruction(instruction="Put the words in order.", input="pear, fig",
                                   output="fig, pear"))

    The input may be absent, null or empty; where it says that there is none (`<noinput>`), it is
    emptied and counted (`emptied_inputs`).
    """

    def records(self) -> Iterator[Record | Reject]:
        for file in json_files(self):
            yield from self.convert_rows(file, self._record)

    def _record(self, row: Row) -> Record:
        row.record_id = f"{row.file}-{row.number}"
        if not (instruction := row.text("instruction")):
            raise BadRow("instruction-empty", f"row {row.record_id}")
        output, given = row.answer("output"), optional_text(row, "input")
        if given.lower().rstrip(".") in NO_INPUT:
            self.mended["emptied_inputs"] += 1
            given = ""
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="text-only",
            images=(),
            payload=Instruction(instruction=instruction, input=given, output=output),
        )
