"""Chat messages in the role/content style of language models.

    {"id", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", ...}]}

user is the customer, assistant the bot (the agent where its name says so). Messages that the
customer never sees (system, developer, tool) are left out; content may be a list of parts, of
which the texts are kept. Gold may stand beside the content as it does in our own form.
"""

from __future__ import annotations

from turnwise.conversations import Conversation, Turn, merge_turns
from turnwise.errors import FormatError
from turnwise.formats import checks

_UNSEEN = frozenset(("system", "developer", "tool", "function"))
_TEXT_PARTS = frozenset(("text", "input_text", "output_text"))
_WRITTEN = {"customer": "user", "agent": "assistant", "bot": "assistant"}


def turns(messages: list[object]) -> tuple[Turn, ...]:
    """The turns of a list of messages, merged: what stands between them was seen by nobody."""
    found: list[Turn] = []
    for index, message in enumerate(messages):
        try:
            if not isinstance(message, dict):
                raise FormatError("this is no message", field="role")
            if message.get("role") in _UNSEEN:
                continue
            text = _text(message)
            if text is None and _has_other_content(message):
                continue
            gold = checks.gold(message.get("gold"), "gold")
            found.append(checks.turn(_role(message), text, gold, (index,)))
        except FormatError as error:
            error.field = f"messages[{index}].{error.field}"
            raise
    return merge_turns(found)


def _role(message: dict[str, object]) -> object:
    role = message.get("role", message.get("speaker"))
    return "agent" if role == "assistant" and message.get("name") == "agent" else role


def _text(message: dict[str, object]) -> object:
    content = message.get("content", message.get("text"))
    if not isinstance(content, list):
        return content
    texts = [_part(part) for part in content]
    return "\n".join(text for text in texts if text) or None


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type") in _TEXT_PARTS:
        text = part.get("text")
        if isinstance(text, str):
            return text
    return ""


def _has_other_content(message: dict[str, object]) -> bool:
    """Whether a message without text is a picture, a file or the call of a tool."""
    return any(message.get(key) for key in ("content", "tool_calls", "function_call"))


def messages(conversation: Conversation) -> list[dict[str, object]]:
    """A conversation's turns as messages; the inverse of `turns` but for what was merged."""
    written: list[dict[str, object]] = []
    for turn in conversation.turns:
        message: dict[str, object] = {"role": _WRITTEN[turn.role], "content": turn.text}
        if turn.role == "agent":
            message["name"] = "agent"
        if turn.gold:
            message["gold"] = {name: list(labels) for name, labels in turn.gold.items()}
        written.append(message)
    return written
