"""The tasks of labelling: the prompt of each, and the version that its answers are filed under.

A prompt is one template file beside this one. What several share stands once, in a file whose
name begins with `_`, and is put where a template says `{# part: name #}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from turnwise.labelling.llm.answers import Strict
from turnwise.llm import Asker, Question, Task, load_template
from turnwise.llm.tasks import Values, no_check

# Raise a version when its template, its answer or what is checked of it changes.
VERSIONS = {
    "single": "1",
    "review": "1",
    "zero-shot": "1",
    "lara-plain": "1",
    "lara-symbolic": "1",
    "lara-prepended": "1",
    "lara-formatted": "1",
}

Planned = tuple[Asker, Question[Any]]  # who is asked what

_PART = re.compile(r"\{# part: (\w+) #\}\n?")

M = TypeVar("M", bound=Strict)


@cache
def template(name: str) -> str:
    """The Jinja source of a task's prompt."""
    return _PART.sub(lambda part: _read(f"_{part[1]}"), _read(name.replace("-", "_")))


def make_task(name: str, answer: type[M], check: Callable[[M, Values], str] = no_check) -> Task[M]:
    """A task of labelling, with its prompt and version."""
    return Task(f"label-{name}", VERSIONS[name], template(name), answer, check)


def _read(name: str) -> str:
    return load_template("turnwise.labelling.llm", f"prompts/{name}.j2")
