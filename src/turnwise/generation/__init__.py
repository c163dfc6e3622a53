"""Labelled turns -> conversations that teach what the logs do not show: see `generate`."""
