"""Token fertility: how many tokens a tokenizer makes of a word, by language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.errors import ConfigError
from turnwise.generation.quality.wording import words

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "unknown"
SAMPLED = 5_000  # texts of a language, the first ones


@dataclass(frozen=True, slots=True)
class Fertility:
    """What a tokenizer makes of the texts of one language.

    Attributes:
        language: as the conversations name it, without a region; `unknown` where they don't.
        words: as `wording.words` counts them: two letters are one where no spaces part them.
        tokens: without special ones.
    """

    language: str
    words: int
    tokens: int

    @property
    def fertility(self) -> float:
        """Tokens per word; 0 without words."""
        return self.tokens / self.words if self.words else 0.0


def token_fertility(texts: Iterable[tuple[str, str]], tokenizer: Path) -> tuple[Fertility, ...]:
    """Count tokens and words by language, in order of the languages' names.

    Args:
        texts: locale or language, empty where unknown, and a text.
        tokenizer: a `tokenizer.json`, or a folder of Hugging Face that holds one.

    Raises:
        ConfigError: there is no tokenizer that can be read.
    """
    read = _load(tokenizer)
    sampled: dict[str, list[str]] = defaultdict(list)
    for locale, text in texts:
        some = sampled[locale.replace("_", "-").split("-")[0].lower() or UNKNOWN]
        if len(some) < SAMPLED:
            some.append(text.encode("utf-8", "replace").decode("utf-8"))
    found = []
    for language, some in sorted(sampled.items()):
        encoded = read.encode_batch(some, add_special_tokens=False)
        tokens = sum(len(one.ids) for one in encoded)
        found.append(Fertility(language, sum(len(words(text)) for text in some), tokens))
    return tuple(found)


def _load(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    file = path / "tokenizer.json" if path.is_dir() else path
    hint = "Name a tokenizer.json, or a folder with one, as save_pretrained writes it"
    if not file.is_file():
        raise ConfigError("there is no tokenizer here", path=file, field="tokenizer", hint=hint)
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises plain Exception
        reason = f"no tokenizer can be read here: {error}"
        raise ConfigError(reason, path=file, field="tokenizer", hint=hint) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
