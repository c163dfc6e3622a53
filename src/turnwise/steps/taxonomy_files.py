"""Putting another taxonomy file in the place of a workspace's."""

from __future__ import annotations

from pathlib import Path

from turnwise.unfinished import write_file


def replace_file(target: Path, content: bytes) -> None:
    """Write a file whole or not at all, keeping the one that was there as NAME.before."""
    if target.exists() and target.read_bytes() != content:
        kept = target.with_name(f"{target.name}.before")
        kept.write_bytes(target.read_bytes())
    write_file(target, content)
