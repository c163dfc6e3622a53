"""Prompts from templates, in which text is data.

Whatever `{{ }}` prints is data: a text appears as a JSON string on one line, so that no quote,
line break or heading in it can end it; numbers appear as they are, lists and mappings as JSON.
Characters that can't be seen, and the beginnings of the tags by which chat templates separate
system, user and assistant, are written as escapes: a server may read such tags even inside a
message. Words of the people who run Turnwise, such as label names, may be printed bare with
`{{ name|inline }}`; they lose line breaks and invisible characters.

The escapes are JSON's own, so nothing is lost: `json.loads` gives the text back.

Most of a prompt is the same in every question of a task: a block is rendered again only where a
value that it names is another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from unicodedata import category

if TYPE_CHECKING:
    from jinja2 import Template

JOINERS = (
    "\u200c\u200d"  # without a look of their own; emoji and several scripts are made with them
)
# Python counts these as printable, and nobody sees them: fillers, variation selectors, vowels
# without a sound. U+FE0F, which makes an emoji of a sign, is left.
UNSEEN = re.compile(
    "[\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef]"
)
# <|im_end|>, </s>, <start_of_turn>, <think>, [INST], [/INST], <<SYS>>, and their like.
TAG = re.compile(r"<(?=[<|/!?\uff5ca-z_])|\[(?=/?[A-Z_]+\])")


class Written(str):
    """Text that is fit to stand in a prompt as it is."""

    __slots__ = ()


def quoted(text: str) -> Written:
    """A text as a JSON string on one line, in which everything can be seen."""
    written = json.dumps(text, ensure_ascii=False)
    return Written(_escaped(written))


def inline(value: object) -> Written:
    """A word of our own, bare, on one line; it can hold no tag and nothing hidden."""
    line = " ".join(_seen(str(value), lambda character: " ").split())
    return Written(TAG.sub(lambda found: found[0] + " ", line))


def data(value: object) -> Written:
    """What `{{ value }}` prints.

    Raises:
        TypeError: it is neither text, number, truth, nothing, nor a list or mapping of them.
    """
    if isinstance(value, Written):
        return value
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        value = dict(value)
    elif not isinstance(value, (int, float, type(None), list, tuple)):
        str(value)  # a name that is not defined raises here
        raise TypeError(f"a prompt can't print {type(value).__name__}: {value!r}")
    return Written(_escaped(json.dumps(value, ensure_ascii=False)))


def render(source: str, values: Mapping[str, object]) -> list[dict[str, str]]:
    """Fill a template: one message per block that it has, system before user.

    Args:
        values: not to be changed from one call to the next where they are the same objects.

    Raises:
        jinja2.TemplateError: a mistake in the template, or a value that it names is missing.
    """
    prompt = _prompt(source)
    return [{"role": role, "content": prompt.text(role, values)} for role in prompt.names]


def load_template(package: str, name: str) -> str:
    """Read a template that lies in a package: `load_template("turnwise.llm", "prompts/x.j2")`."""
    return files(package).joinpath(name).read_text("utf-8")


class _Prompt:
    """A compiled template, and what each of its blocks said last.

    Attributes:
        names: block -> the values that it names.
    """

    def __init__(self, source: str) -> None:
        from jinja2 import meta, nodes

        prompts = _environment()
        blocks = {
            one.name: nodes.Template(one.body, environment=prompts)
            for one in prompts.parse(source).find_all(nodes.Block)
        }
        if "user" not in blocks:
            raise ValueError("a prompt's template needs {% block user %}")
        self._template: Template = prompts.from_string(source)
        self.names = {
            role: sorted(meta.find_undeclared_variables(blocks[role]))
            for role in ("system", "user")
            if role in blocks
        }
        self._last: dict[str, tuple[list[object], str]] = {}

    def text(self, role: str, values: Mapping[str, object]) -> str:
        """One block, filled."""
        named = [values.get(name, ...) for name in self.names[role]]
        if (last := self._last.get(role)) and _same(last[0], named):
            return last[1]
        context = self._template.new_context(dict(values))
        text = "".join(self._template.blocks[role](context)).strip()
        self._last[role] = named, text
        return text


def _same(before: list[object], now: list[object]) -> bool:
    """Whether these are the very same objects, all given, and of kinds that nobody changes."""
    return all(
        one is another and isinstance(one, (str, tuple, type(None)))
        for one, another in zip(before, now, strict=True)
    )


@lru_cache(maxsize=64)
def _prompt(source: str) -> _Prompt:
    return _Prompt(source)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Prompts(ImmutableSandboxedEnvironment):
        @staticmethod
        def concat(parts: Iterable[str]) -> Written:
            """What a macro or a block put together was written piece by piece."""
            return Written("".join(parts))

    prompts = Prompts(
        undefined=StrictUndefined, finalize=data, trim_blocks=True, lstrip_blocks=True
    )
    prompts.filters["inline"] = inline
    del prompts.filters["random"], prompts.globals["lipsum"]
    return prompts


def _escaped(written: str) -> str:
    return TAG.sub(lambda found: _escape(found[0]), _seen(written, _escape))


def _seen(text: str, instead: Callable[[str], str]) -> str:
    """Put something else in the place of every character that can't be seen."""
    if not text.isprintable():
        shown = (one if _is_seen(one) else instead(one) for one in text)
        text = "".join(shown)
    return UNSEEN.sub(lambda found: instead(found[0]), text)


def _is_seen(character: str) -> bool:
    return character.isprintable() or character in JOINERS or category(character) == "Zs"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)
