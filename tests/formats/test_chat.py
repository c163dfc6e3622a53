import json

from format_cases import any_label, any_text, conversations
from hypothesis import given, settings

from turnwise.conversations import Conversation, Turn
from turnwise.formats import read, read_text, write


def read_one(*messages: dict[str, object]) -> Conversation:
    (record,) = read_text(json.dumps({"messages": messages}), "input")
    assert record.conversation is not None, record.error
    return record.conversation


def test_user_and_assistant_are_customer_and_bot_and_the_unseen_is_left_out():
    found = read_one(
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "where is my parcel"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "On its way."},
        {"role": "assistant", "name": "agent", "content": "Anna here."},
    )
    assert found.turns == (
        Turn("customer", "where is my parcel", {}, (1,)),
        Turn("bot", "On its way.", {}, (4,)),
        Turn("agent", "Anna here.", {}, (5,)),
    )


def test_messages_with_only_unseen_ones_between_them_are_merged():
    found = read_one(
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "One moment."},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "Here it is."},
    )
    assert found.turns[1] == Turn("bot", "One moment.\nHere it is.", {}, (1, 3))


def test_of_a_list_of_parts_the_texts_are_kept():
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    found = read_one(
        {"role": "user", "content": [{"type": "text", "text": "look"}, picture, "here"]},
        {"role": "user", "content": [picture]},
    )
    assert [turn.text for turn in found.turns] == ["look\nhere"]


def test_a_message_without_content_is_refused_with_its_place():
    (record,) = read_text(json.dumps({"messages": [{"role": "user"}]}), "input")
    assert "messages[0].text: the text is missing" in str(record.error)


@settings(max_examples=30)
@given(conversations(any_text, any_label))
def test_what_is_written_as_chat_is_read_back_but_for_what_was_merged(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("chat") / "out.jsonl"
    write([written], path, "chat")
    (record,) = read(path, "chat")
    assert record.conversation is not None
    texts = "\n".join(turn.text for turn in written.turns)
    assert "\n".join(turn.text for turn in record.conversation.turns) == texts
    assert record.conversation.id == written.id
    assert record.conversation.meta == written.meta
