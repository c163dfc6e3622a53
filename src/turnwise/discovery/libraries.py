"""The libraries of the extra `discover`: imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from turnwise.errors import ConfigError


def library(name: str) -> Any:  # they have no types
    """Import one by its dotted name.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise ConfigError(
            f"the library {name.partition('.')[0]} is not installed",
            field="discovery.method",
            hint="Run: pip install 'turnwise[discover]'",
        ) from fault
