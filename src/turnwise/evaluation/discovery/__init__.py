"""How discovery came out: a clustering scored against gold, and a report of what was found."""

from turnwise.evaluation.discovery.report import write_discovery_report
from turnwise.evaluation.discovery.scores import ClusterScores, best_mapping, score_clusters

__all__ = ["ClusterScores", "best_mapping", "score_clusters", "write_discovery_report"]
