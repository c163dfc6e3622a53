"""Names for clusters that want the same ones: each gets one of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from turnwise.clusters import ClusterName, Rows, Space
from turnwise.discovery.naming.phrases import same_stem, telling_phrases

READ = 300  # utterances of a cluster that a word is looked for in

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


def told_apart(
    names: Sequence[ClusterName],
    space: Space,
    clusters: Sequence[Rows],
    which: Collection[str] | None = None,
) -> list[ClusterName]:
    """The names with a telling word, or at last a number, behind those that a larger cluster has.

    Args:
        which: names that this is done for; None: all.
    """
    order = sorted(range(len(clusters)), key=lambda at: (-len(clusters[at]), at))
    again = [at for at in repeated(names, order) if which is None or names[at].name in which]
    if not again:
        return list(names)
    told = list(names)
    taken = {one.name for one in names}
    telling = telling_phrases([space.texts(rows[:READ]) for rows in clusters])
    for at in again:
        words = names[at].name.split("-")
        more = (one[0] for one in telling.best(at, 50) if len(one) == 1)
        new = [one for one in more if not any(same_stem(one, word) for word in words)]
        free = [objective for one in new if (objective := f"{names[at].objective}-{one}")]
        free = [one for one in free if f"{names[at].action}-{one}" not in taken]
        prefix = f"{names[at].action}-"
        objective = free[0] if free else numbered(names[at].name, taken).removeprefix(prefix)
        told[at] = replace(names[at], objective=objective)
        taken.add(told[at].name)
    return told


def repeated(names: Sequence[ClusterName | None], order: Sequence[int]) -> list[int]:
    """Positions whose name one before them in `order` has too."""
    seen: set[str] = set()
    again = []
    for at in order:
        name = names[at]
        if name and name.name in seen:
            again.append(at)
        elif name:
            seen.add(name.name)
    return again
