"""Where a language model answers: any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from turnwise.errors import ConfigError, TurnwiseError


class EndpointError(TurnwiseError):
    """An endpoint can't be reached, refuses the key or the model, or answers no chat completion."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model behind one address, what it may be asked for, and what it costs.

    Attributes:
        base_url: as far as the version, such as `http://127.0.0.1:8080/v1`.
        model: the name that the server knows it by.
        key_env: name of the environment variable with the key; empty where none is asked for.
            The key itself is never kept and never shown.
        concurrency: calls in flight at once.
        requests_per_minute, tokens_per_minute: what the account allows; None where nothing is
            said. Calls are spread evenly over the minute.
        context_tokens: prompt and answer together.
        answer_tokens: the answer alone; what is longer comes cut and can't be used.
        timeout: seconds, of one attempt.
        attempts: times one call is tried where trying again can help.
        temperature: 0 where the same question should get the same answer.
        price_in, price_out: money per million tokens of prompt and of answer.
    """

    base_url: str
    model: str
    key_env: str = ""
    concurrency: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    context_tokens: int = 8192
    answer_tokens: int = 1024
    timeout: float = 60.0
    attempts: int = 6
    temperature: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            hint = "Write it as http://host:port/v1"
            raise ConfigError(f"{self.base_url!r} is no URL", field="base_url", hint=hint)
        if address.username or address.password:
            hint = "Name the environment variable that holds it in key_env"
            raise ConfigError("an address must not hold a password", field="base_url", hint=hint)
        if not self.model:
            raise ConfigError("names no model", field="model")
        for name in ("concurrency", "context_tokens", "answer_tokens", "attempts", "timeout"):
            if not getattr(self, name) > 0:
                raise ConfigError("must be above 0", field=name)
        for name in ("requests_per_minute", "tokens_per_minute"):
            if (limit := getattr(self, name)) is not None and not limit > 0:
                raise ConfigError("must be above 0, or left out", field=name)
        for name in ("temperature", "price_in", "price_out"):
            if not getattr(self, name) >= 0:
                raise ConfigError("must not be below 0", field=name)
        if self.answer_tokens >= self.context_tokens:
            hint = "It is a part of context_tokens: prompt and answer share them"
            raise ConfigError("leaves no room for a prompt", field="answer_tokens", hint=hint)

    def key(self) -> str:
        """The key, from the environment; empty where none is asked for.

        Raises:
            EndpointError: the variable is not set.
        """
        if not self.key_env:
            return ""
        if not (key := os.environ.get(self.key_env, "").strip()):
            raise EndpointError(
                f"{self.base_url}: the environment variable {self.key_env} holds no key. "
                f"Set it: export {self.key_env}=..."
            )
        if not (key.isascii() and key.isprintable()):
            raise EndpointError(f"the environment variable {self.key_env} holds no key, but text")
        return key

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Money for so many tokens."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000
