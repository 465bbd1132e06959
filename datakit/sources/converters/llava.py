"""LLaVA JSON: conversations about images, the format of ShareGPT-4V and its kin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

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


class LlavaOptions(ConverterOptions):
    """Options of the converter `llava`."""

    images: str = Field("", description="folder of the images, relative to the file's folder")
    strip_prefix: str = Field("", description="start of image paths that the disk does not have")


class Llava(Converter):
    """A JSON list, or JSON lines, of conversations; text-only ones have no `image`.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. A raw row:

        {"id": "000123", "image": "coco/train2017/000123.jpg",
         "conversations": [{"from": "human", "value": "<image>\\nWhat is this?"},
                           {"from": "gpt", "value": "A red bus."}]}

    becomes

        Record(record_id="000123", place="sharegpt4v.json[0]", task="conversation",
               images=("coco/train2017/000123.jpg",),
               payload=Conversation(messages=(Message(role="user", content="<image>\\nWhat …"),
                                              Message(role="assistant", content="A red bus."))))

    Images may also stand under `images`; rows with video or audio are rejected.
    Ids recur in these files: from the second time on, one gets `~2`, `~3`, …; where there is
    none, the row stands for it.

    Releases count placeholders in two ways: one an image, or one that stands for all of a row's
    images, said once, in every turn or not at all. Each becomes one an image; the rows of the
    second kind are counted (`placed_placeholders`, `spread_placeholders`, `repeated_placeholders`).

    The Hub's form (`lmms-lab/LLaVA-OneVision-Data` and its kin) has the same columns, with the
    image itself under `image`, or several under `images`.
    """

    Options = LlavaOptions

    def __init__(self, path: Path | str, split: str, options: ConverterOptions) -> None:
        super().__init__(path, split, options)
        self._seen_ids: Counter[str] = Counter()

    def records(self) -> Iterator[Record | Reject]:
        for file in self._files():
            yield from self.convert_rows(file, self._record)

    def table_record(self, row: Row) -> Record:
        return self._record(row)

    @property
    def image_root(self) -> SourcePath:
        assert isinstance(self.options, LlavaOptions)
        return self.folder / self.options.images

    def _files(self) -> list[SourcePath]:
        if self.path.is_file():
            return [self.path]
        pattern = "*" if self.path.is_dir() else str(self.path.relative_to(self.folder))
        found = (file for file in sorted(self.folder.glob(pattern)) if file.suffix in SUFFIXES)
        files = [file for file in found if file.is_file()]
        if not files:
            raise FormatError(f"{self.path}: no .json or .jsonl file there.")
        return files

    def _record(self, row: Row) -> Record:
        row.record_id = self._unique_id(row)
        messages = self._messages(row)
        images = self._images(row)
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="conversation",
            images=images,
            payload=Conversation(messages=self._place_images(messages, len(images))),
        )

    def _place_images(self, messages: list[Message], num_images: int) -> tuple[Message, ...]:
        placed, mended = place_images(messages, num_images)
        if mended:
            self.mended[mended] += 1
        return placed

    def _unique_id(self, row: Row) -> str:
        has_id = isinstance(row.value, dict) and row.value.get("id") is not None
        name = (row.text("id") if has_id else "") or f"{row.file}-{row.number}"
        unique = name
        while unique in self._seen_ids:
            self._seen_ids[name] += 1
            unique = f"{name}~{self._seen_ids[name]}"
        self._seen_ids[unique] = 1
        return unique

    def _images(self, row: Row) -> tuple[str, ...]:
        assert isinstance(self.options, LlavaOptions)
        prefix = self.options.strip_prefix
        for key in OTHER_MEDIA:
            if row.value.get(key):
                raise BadRow("media-unsupported", f"the row has {key!r}")
        value = row.value.get("image") or row.value.get("images") or []
        names = value if isinstance(value, list) else [value]
        for name in names:
            if not isinstance(name, str) or not name:
                raise BadRow("bad-record", f"image is {name!r}, expected a path or several")
        return tuple(inner_path(name.removeprefix(prefix)) for name in names)

    def _messages(self, row: Row) -> list[Message]:
        turns = row.get("conversations")
        if not isinstance(turns, list):
            raise BadRow("bad-record", "conversations is not a list")
        messages = [_message(turn) for turn in turns]
        check_turns(messages)
        return messages


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


def _message(turn: object) -> Message:
    if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
        raise BadRow("bad-record", "a turn without 'from' and 'value'")
    role = ROLES.get(str(turn.get("from")))
    if role is None:
        raise BadRow("role-unknown", f"{turn.get('from')!r}; known: {', '.join(ROLES)}")
    return Message(role=role, content=turn["value"].strip())
