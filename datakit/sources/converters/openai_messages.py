"""OpenAI messages: conversations whose content is text, or a list of typed parts."""

from __future__ import annotations

from typing import Any

from datakit.record import IMAGE_PLACEHOLDER, Message, Role
from datakit.sources.conversation_rows import ConversationConverter, image_names, read_role
from datakit.sources.row import BadRow, Row

TEXT_PARTS = ("text", "input_text", "output_text")
IMAGE_PARTS = ("image_url", "input_image", "image")
HARMLESS = IMAGE_PLACEHOLDER.replace("<", "< ")


class OpenAIMessages(ConversationConverter):
    """A JSON list, or JSON lines, of `messages`, in the form of OpenAI's chat interface.

    The path is a file, a glob of files, or a folder with `*.json` or `*.jsonl` files. A raw row has
    an `<image>` in its text for each of `images`, or its images among the parts of its content:

        {"messages": [{"role": "user", "content": "<image>Who is he?"},
                      {"role": "assistant", "content": "A referee."}],
         "images": ["match/2.jpg"]}

        {"messages": [{"role": "user", "content": [
                          {"type": "image_url", "image_url": {"url": "match/2.jpg"}},
                          {"type": "text", "text": "Who is he?"}]},
                      {"role": "assistant", "content": "A referee."}]}

    Both become, but for the line end that is put between parts,

        Record(record_id="train.json-0", place="train.json[0]", task="conversation",
               images=("match/2.jpg",),
               payload=Conversation(messages=(Message(role="user", content="<image>Who is he?"),
                                              Message(role="assistant", content="A referee."))))

    A part `{"type": "image"}` without a path stands for the next of `images`. Where parts are
    images, a literal `<image>` in a text part is text. Images must be files: one given by its
    bytes or on the web is rejected (`image-not-a-file`). `developer` is read as `system`.

    The Hub's form (`HuggingFaceH4/llava-instruct-mix-vsft` and its kin) has the same columns,
    with the images themselves under `images`.
    """

    def read_row(self, row: Row) -> tuple[list[Message], list[str]]:
        turns = row.get("messages")
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise BadRow("bad-record", "messages is not a list of objects")
        listed, messages, own = image_names(row, "images", "image"), list[Message](), list[str]()
        has_image_parts = any(_is_image(part) for turn in turns for part in _parts(turn))
        for turn in turns:
            role, parts = _role(turn), _parts(turn)
            paths = [_path(part) for part in parts if _is_image(part)]
            if paths and role != "user":
                raise BadRow("image-not-the-users", f"an image in a message of the {role}")
            own += paths
            texts = [_text(part, has_image_parts) for part in parts]
            messages.append(Message(role=role, content="\n".join(texts).strip()))
        names = _filled(own, listed) if has_image_parts else listed
        for name in names:
            if name.startswith("data:") or "://" in name:
                raise BadRow("image-not-a-file", f"{name[:60]!r}, expected a path")
        return messages, names


def _role(turn: dict[str, Any]) -> Role:
    return read_role("system" if turn.get("role") == "developer" else turn.get("role"))


def _parts(turn: dict[str, Any]) -> list[Any]:
    """The parts of a message; a text alone is one."""
    content = turn.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise BadRow("bad-record", "a message whose content is neither text nor a list of parts")
    return content


def _is_image(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") in IMAGE_PARTS


def _text(part: object, has_image_parts: bool) -> str:
    """A part as text: an image as its placeholder."""
    if _is_image(part):
        return IMAGE_PLACEHOLDER
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in TEXT_PARTS:
        raise BadRow("part-unknown", f"{kind!r}; known: {', '.join((*TEXT_PARTS, *IMAGE_PARTS))}")
    if not isinstance(part.get("text"), str):
        raise BadRow("bad-record", f"a part {kind!r} without its text")
    text: str = part["text"]
    return text.replace(IMAGE_PLACEHOLDER, HARMLESS) if has_image_parts else text


def _path(part: dict[str, Any]) -> str:
    """The path of a part that is an image; empty where it has none of its own."""
    value = part.get(part["type"]) or part.get("image_url") or part.get("url") or ""
    path = value.get("url") if isinstance(value, dict) else value
    if not isinstance(path, str):
        raise BadRow("bad-record", f"an image part with {value!r:.80}, expected a path")
    return path


def _filled(names: list[str], listed: list[str]) -> list[str]:
    """The images of the parts, those without a path taken from the row's list in order."""
    missing = names.count("")
    if missing != len(listed):
        raise BadRow(
            "placeholders-mismatch", f"{missing} image parts without a path, {len(listed)} images"
        )
    rest = iter(listed)
    return [name or next(rest) for name in names]
