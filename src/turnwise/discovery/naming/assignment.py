"""Names for clusters that want the same ones: each gets one of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

Ranked = Mapping[str, float]  # name -> score


def first_free(wanted: Sequence[Ranked], taken: Collection[str] = ()) -> list[str]:
    """A name per cluster, no two the same.

    Where two want a name, the one whose score for it is higher has it, and the other goes on to
    its next (Gale and Shapley, College Admissions and the Stability of Marriage, 1962). A cluster
    that loses all of its names gets its first with a number.

    Args:
        wanted: the names of each cluster, best first, one at least.
        taken: names that none can have.
    """
    left = [[name for name in reversed(list(one)) if name not in taken] for one in wanted]
    holder: dict[str, int] = {}
    waiting = list(range(len(wanted)))
    while waiting:
        cluster = waiting.pop()
        if not left[cluster]:
            continue
        name = left[cluster].pop()
        other = holder.setdefault(name, cluster)
        if other != cluster:
            better = max(cluster, other, key=lambda one: (wanted[one][name], -one))
            holder[name] = better
            waiting.append(other if better == cluster else cluster)
    given = {cluster: name for name, cluster in holder.items()}
    for cluster in range(len(wanted)):
        if cluster not in given:
            given[cluster] = numbered(next(iter(wanted[cluster])), {*taken, *given.values()})
    return [given[cluster] for cluster in range(len(wanted))]


def numbered(name: str, taken: Collection[str]) -> str:
    """The name with the first number, from 2, that makes it differ from those taken."""
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"
