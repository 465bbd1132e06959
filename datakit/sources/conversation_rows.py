"""Rows that are conversations already, whatever their keys: turns in order, images in place."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from datakit.errors import FormatError
from datakit.io.trees import SourcePath
from datakit.record import IMAGE_PLACEHOLDER, Conversation, Message, Record, Reject, Role
from datakit.sources.converter import Converter, ConverterOptions
from datakit.sources.row import BadRow, Row, inner_path

ROLES: dict[str, Role] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
}
SUFFIXES = (".json", ".jsonl")
OTHER_MEDIA = ("video", "videos", "audio", "audios")


class ConversationOptions(ConverterOptions):
    """Options of the converters of conversations."""

    images: str = Field("", description="folder of the images, relative to the file's folder")
    strip_prefix: str = Field("", description="start of image paths that the disk does not have")


class ConversationConverter(Converter):
    """A JSON list, or JSON lines, of conversations; a subclass implements `read_row`.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. Ids recur in
    these files: from the second time on, one gets `~2`, `~3`, …; where there is none, the row
    stands for it.
    """

    Options = ConversationOptions

    def __init__(self, path: Path | str, split: str, options: ConverterOptions) -> None:
        super().__init__(path, split, options)
        self._seen_ids: Counter[str] = Counter()

    @abstractmethod
    def read_row(self, row: Row) -> tuple[list[Message], list[str]]:
        """The messages of a row, and its images' paths as the row has them.

        Raises:
            BadRow: the row cannot be used.
        """

    def records(self) -> Iterator[Record | Reject]:
        for file in json_files(self):
            yield from self.convert_rows(file, self._record)

    @property
    def image_root(self) -> SourcePath:
        assert isinstance(self.options, ConversationOptions)
        return self.folder / self.options.images

    def _record(self, row: Row) -> Record:
        row.record_id = self._unique_id(row)
        messages, names = self.read_row(row)
        check_turns(messages)
        images = self._images(row, names)
        placed, mended = place_images(messages, len(images))
        if mended:
            self.mended[mended] += 1
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="conversation",
            images=images,
            payload=Conversation(messages=placed),
        )

    def _unique_id(self, row: Row) -> str:
        has_id = isinstance(row.value, dict) and row.value.get("id") is not None
        name = (row.text("id") if has_id else "") or f"{row.file}-{row.number}"
        unique = name
        while unique in self._seen_ids:
            self._seen_ids[name] += 1
            unique = f"{name}~{self._seen_ids[name]}"
        self._seen_ids[unique] = 1
        return unique

    def _images(self, row: Row, names: list[str]) -> tuple[str, ...]:
        assert isinstance(self.options, ConversationOptions)
        prefix = self.options.strip_prefix
        for key in OTHER_MEDIA:
            if row.value.get(key):
                raise BadRow("media-unsupported", f"the row has {key!r}")
        return tuple(inner_path(name.removeprefix(prefix)) for name in names)


def json_files(converter: Converter) -> list[SourcePath]:
    """The file that a converter's path is, or the JSON files of its glob or folder, by name.

    Raises:
        FormatError: there is none.
    """
    path, folder = converter.path, converter.folder
    if path.is_file():
        return [path]
    pattern = "*" if path.is_dir() else str(path.relative_to(folder))
    found = (file for file in sorted(folder.glob(pattern)) if file.suffix in SUFFIXES)
    files = [file for file in found if file.is_file()]
    if not files:
        raise FormatError(f"{path}: no .json or .jsonl file there.")
    return files


def image_names(row: Row, *keys: str) -> list[str]:
    """The paths under the first of several keys that has any: a list, or one path."""
    found = (row.value[key] for key in keys if row.value.get(key))
    value: Any = next(found, [])
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str) or not name:
            raise BadRow("bad-record", f"image is {name!r}, expected a path or several")
    return names


def read_turns(row: Row, key: str, role_key: str, text_key: str) -> list[Message]:
    """The turns under `key`, each an object of a role and a text."""
    turns = row.get(key)
    if not isinstance(turns, list):
        raise BadRow("bad-record", f"{key} is not a list")
    return [_message(turn, role_key, text_key) for turn in turns]


def read_role(name: object) -> Role:
    """The role that a release calls so."""
    role = ROLES.get(str(name))
    if role is None:
        raise BadRow("role-unknown", f"{name!r}; known: {', '.join(ROLES)}")
    return role


def check_turns(messages: list[Message]) -> None:
    """Requires an optional system message, then user and assistant in turn, none empty."""
    spoken = messages[1:] if messages and messages[0].role == "system" else messages
    if not spoken:
        raise BadRow("conversation-empty", "no turns")
    for index, message in enumerate(messages):
        if not message.content.strip():
            raise BadRow("turn-empty", f"the {message.role} message {index} is empty")
    for index, message in enumerate(spoken):
        expected = ("user", "assistant")[index % 2]
        if message.role != expected:
            raise BadRow("turns-out-of-order", f"message {index} is {message.role}'s")
    if spoken[-1].role != "assistant":
        raise BadRow("turns-out-of-order", "the last message is not the assistant's")


def place_images(messages: list[Message], num_images: int) -> tuple[tuple[Message, ...], str]:
    """Makes the placeholders of the user's messages as many as there are images.

    Returns:
        The messages, and how they were mended: empty where they were right.
    """
    places = [
        i for i, m in enumerate(messages) if m.role == "user" and IMAGE_PLACEHOLDER in m.content
    ]
    found = sum(messages[index].content.count(IMAGE_PLACEHOLDER) for index in places)
    all_images = "\n".join([IMAGE_PLACEHOLDER] * num_images)
    if found == num_images:
        return tuple(messages), ""
    if not found:
        first = next(index for index, message in enumerate(messages) if message.role == "user")
        content = f"{all_images}\n{messages[first].content}"
        return _with_content(messages, first, content), "placed_placeholders"
    if found == 1 and num_images:
        content = messages[places[0]].content.replace(IMAGE_PLACEHOLDER, all_images)
        return _with_content(messages, places[0], content), "spread_placeholders"
    if found == len(places) and num_images == 1:
        return tuple(
            _without_placeholder(message) if index in places[1:] else message
            for index, message in enumerate(messages)
        ), "repeated_placeholders"
    raise BadRow("placeholders-mismatch", f"{found} <image> for {num_images} images")


def _with_content(messages: Sequence[Message], index: int, content: str) -> tuple[Message, ...]:
    changed = Message(role=messages[index].role, content=content)
    return (*messages[:index], changed, *messages[index + 1 :])


def _without_placeholder(message: Message) -> Message:
    content = message.content.replace(IMAGE_PLACEHOLDER, "").strip()
    if not content:
        raise BadRow("turn-empty", "a turn of nothing but a repeated <image>")
    return Message(role=message.role, content=content)


def _message(turn: object, role_key: str, text_key: str) -> Message:
    if not isinstance(turn, dict) or not isinstance(turn.get(text_key), str):
        raise BadRow("bad-record", f"a turn without {role_key!r} and {text_key!r}")
    return Message(role=read_role(turn.get(role_key)), content=turn[text_key].strip())
