"""Turnwise: from raw customer-service chat logs to a running multi-turn intent service."""

__version__ = "0.1.0"
