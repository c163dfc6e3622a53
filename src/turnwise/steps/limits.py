"""What a run may spend, checked before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.config import CONFIG_FILE
from turnwise.errors import ConfigError
from turnwise.llm import Endpoint


def check_limits(
    calls: int | None, tokens: int | None, money: float | None, asked: Sequence[Endpoint]
) -> None:
    """Refuse limits that buy nothing, and one of money where nothing has a price.

    Args:
        asked: the endpoints that the run may ask.

    Raises:
        ConfigError: with what to give instead.
    """
    for name, value in (("calls", calls), ("tokens", tokens), ("money", money)):
        if value is not None and not value > 0:
            raise ConfigError(f"{value} buys nothing", field=name, hint="Give more than 0")
    free = [one.model for one in asked if not one.price_in and not one.price_out]
    if money is not None and free:
        raise ConfigError(
            f"{free[0]} has no prices, so that nobody knows what it costs",
            field="money",
            hint=f"Set price_in and price_out of its endpoint in {CONFIG_FILE}, or give --calls "
            "or --tokens",
        )
