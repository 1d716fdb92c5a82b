"""The safety figure: how much stays *unclear* when an empty bed is hardly ever called *visible*.

Counted over generated empty rooms, each room one trial: a room with several empty pictures is
wrong if any of them is *visible*. Everything else is then asked at that threshold.
"""

import figures
from judged import FINDINGS, evidence, finding_at
from tables import digits, grouped, table

# The share of empty rooms that may be called visible, and rooms needed before it is said.
ALLOWED, ROOMS_MIN = 0.01, 300


def worst(rows, thresholds):
    """For every room, the strongest evidence in any of its empty pictures."""
    found = {}
    for row in rows:
        here = evidence(row, thresholds)
        found[row["scene"]] = max(here, found.get(row["scene"], -1.0))
    return list(found.values())


def proven(scores):
    """The lowest threshold at which the 95 % upper bound of false *visible* is at most ALLOWED."""
    hits = -1
    while hits + 1 < len(scores) and figures.upper_bound(hits + 1, len(scores)) <= ALLOWED:
        hits += 1
    return None if hits < 0 else figures.lowest_threshold(scores, hits / len(scores))


def chosen(rows, thresholds):
    """The thresholds to ask at: name and value."""
    scores = worst(rows, thresholds)
    points = [("as shipped", thresholds["visible"]),
              ("1 % of the rooms", figures.lowest_threshold(scores, ALLOWED))]
    sure = proven(scores)
    if sure is not None:
        points.append(("1 % with 95 % confidence", sure))
    return points


def bounds(empties, points, thresholds):
    """False *visible* of empty rooms by what the bed looks like, at each threshold."""
    by_bed = {"all": empties, **grouped(empties, lambda row: row["condition"])}
    lines = []
    for title, rows in by_bed.items():
        scores = worst(rows, thresholds)
        cells = []
        for _, visible in points:
            wrong = sum(score >= visible for score in scores)
            sure = figures.upper_bound(wrong, len(scores))
            cells.append(f"{wrong} of {len(scores)} ({digits(sure)})")
        lines.append([title, len(scores), *cells])
    names = [f"{name} ({visible:.3f})" for name, visible in points]
    return table(["empty bed", "rooms", *names], lines)


def outcomes(groups, points, thresholds):
    """What becomes of everybody at each threshold: visible / unclear / not visible / technical."""
    lines = []
    for title, rows in groups.items():
        if not rows:
            continue
        cells = []
        for _, visible in points:
            found = [finding_at(row, visible, thresholds) for row in rows]
            cells.append(" / ".join(digits(found.count(name) / len(found)) for name in FINDINGS))
        lines.append([title, len(rows), *cells])
    names = [f"{name} ({visible:.3f})" for name, visible in points]
    return table(["pictures", "n", *names], lines)


def unclear(rows, visible, thresholds):
    """Share of *unclear* at a threshold."""
    found = [finding_at(row, visible, thresholds) for row in rows]
    return found.count("unclear") / max(len(found), 1)
