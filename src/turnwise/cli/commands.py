"""Every command; `turnwise --help` lists them in the order in which these modules come."""

from turnwise.cli import (
    bundles,
    data,
    discovering,
    drifting,
    generating,
    learning,
    review,
    running,
    serving,
    taxonomy,
)
from turnwise.cli.app import app

__all__ = [
    "app",
    "bundles",
    "data",
    "discovering",
    "drifting",
    "generating",
    "learning",
    "review",
    "running",
    "serving",
    "taxonomy",
]
