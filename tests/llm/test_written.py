"""What is remembered of requests and keys makes no difference to them."""

import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from turnwise.llm.written import key_of_question, prompt_hash, request_body

TEXT = st.text(st.characters(codec="utf-8"))
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user"]), "content": TEXT}),
    min_size=1,
)


def hashed(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@given(MESSAGES, st.lists(TEXT, max_size=3))
def test_a_key_is_the_hash_of_the_question_as_plain_json(messages, task):
    asked = ["tiny", "http://host/v1", {"temperature": 0.0, "answer_tokens": 10}]
    assert prompt_hash(messages) == hashed(messages)
    assert key_of_question(task, messages, asked) == hashed([task, messages, asked])


@given(MESSAGES)
def test_a_body_holds_the_messages_and_the_fields(messages):
    fields = {"model": "tiny", "max_tokens": 5}
    plain = json.loads(request_body(messages, fields, ""))
    assert plain == {**fields, "messages": messages}
    more = json.loads(request_body(messages, fields, '"response_format": {"type": "x"}'))
    assert more == {**plain, "response_format": {"type": "x"}}


def test_half_a_character_does_not_break_a_request():
    body = request_body([{"role": "user", "content": "\ud83d"}], {"model": "tiny"}, "")
    assert json.loads(body)["messages"] == [{"role": "user", "content": "?"}]
