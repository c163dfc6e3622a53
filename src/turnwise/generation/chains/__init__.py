"""Which states follow which in the logs, and chains of states like them."""

from turnwise.generation.chains.files import load_statistics, save_statistics
from turnwise.generation.chains.sampling import ChainSampler, Sampler, UniformSampler
from turnwise.generation.chains.statistics import ChainCounts, ChainStatistics, estimate_chains

__all__ = [
    "ChainCounts",
    "ChainSampler",
    "ChainStatistics",
    "Sampler",
    "UniformSampler",
    "estimate_chains",
    "load_statistics",
    "save_statistics",
]
