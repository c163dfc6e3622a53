"""How generation came out: what its chains are sampled from, and what came of them."""

from turnwise.evaluation.generation.chain_page import (
    ChainFigures,
    chain_sections,
    statistics_page,
)
from turnwise.evaluation.generation.dropped import dropped_section
from turnwise.evaluation.generation.flow import opening_flow
from turnwise.evaluation.generation.heat_map import transition_map
from turnwise.evaluation.generation.quality_page import quality_section

__all__ = [
    "ChainFigures",
    "chain_sections",
    "dropped_section",
    "opening_flow",
    "quality_section",
    "statistics_page",
    "transition_map",
]
