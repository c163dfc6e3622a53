"""Putting another taxonomy file in the place of a workspace's."""

from __future__ import annotations

from pathlib import Path


def replace_file(target: Path, content: bytes) -> None:
    """Write a file whole or not at all, keeping the one that was there as NAME.before."""
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(content)
    if target.exists() and target.read_bytes() != content:
        kept = target.with_name(f"{target.name}.before")
        kept.write_bytes(target.read_bytes())
    part.replace(target)
