"""Tables over generated rooms: every condition by name, and each bed with and without a sleeper."""

import numpy as np

import figures
from rivals import TRIVIAL
from rooms import SEEN_PX
from tables import digits, findings, grouped, table, within

# Beds that look slept in: what a sleeper under a duvet is told from.
BULKY = ("empty, heaped", "empty, rumpled", "empty, just left")


def clear(rows):
    """Pictures with nothing wrong with the lens."""
    return [row for row in rows if row["source"] == "rooms/clear"]


def empties(rows):
    """Pictures of rooms with nobody in them."""
    return [row for row in clear(rows) if row["person"] == "no"]


def seen_sleepers(rows):
    """Pictures of somebody alone in bed of whom enough shows to be told."""
    return [row for row in clear(rows) if row["label"] == "in_bed" and row["seen_px"] >= SEEN_PX]


def dark_third(rows):
    """Adds `darkness`: the third of all clear pictures a picture's mean falls in."""
    ends = np.quantile([row["mean"] for row in clear(rows)], (1 / 3, 2 / 3))
    for row in rows:
        row["darkness"] = ("darkest third", "middle third", "brightest third")[
            int(np.searchsorted(ends, row["mean"]))]


def conditions(rows):
    """Findings by condition; sleepers and empty beds by view, darkness and what else varies."""
    here = clear(rows)
    text = findings({(name,): found for name, found in grouped(
        here, lambda row: row["condition"]).items()}, ["condition"])
    split = {}
    for who, group in (("sleepers seen", seen_sleepers(rows)), ("empty beds", empties(rows))):
        for part in ("view", "darkness"):
            for name, found in grouped(group, lambda row, part=part: row[part]).items():
                split[who, f"{part}: {name}"] = found
        for column in sorted({name for row in group for name in row["more"]}):
            named = [row for row in group if column in row["more"]]
            for name, found in grouped(named, lambda row, c=column: row["more"][c]).items():
                split[who, f"{column}: {name}"] = found
    return text + "\n" + findings(split, ["pictures", "of which"])


def comparison(title, positive, negative):
    """One line: AUC of ours with its interval, and of the trivial scores."""
    groups = positive, negative
    if not positive or not negative:
        return None
    ours = [[row["in_place"] for row in group] for group in groups]
    scenes = [[row["scene"] for row in group] for group in groups]
    trivial = []
    for name in TRIVIAL:
        found = figures.auc(*([row[name] for row in group] for group in groups))
        trivial.append(digits(max(found, 1 - found)))
    return [title, f"{len(positive)} / {len(negative)}",
            within(figures.auc(*ours), figures.auc_interval(*ours, *scenes)), *trivial]


def comparisons(rows):
    """How well sleepers are ranked above empty beds, the hard ones apart."""
    seen, bare = seen_sleepers(rows), empties(rows)
    covered = [row for row in seen if row["condition"].startswith("in bed, covered")]
    bulky = [row for row in bare if row["condition"] in BULKY]
    heaped = [row for row in bare if row["condition"] == "empty, heaped"]
    same = [row for row in covered if row["bedding"] == "heaped"]
    others = [row for row in clear(rows)
              if row["label"] not in ("in_bed", "two") and row["person"] == "yes"]
    lines = [comparison("sleepers seen / empty", seen, bare),
             comparison("covered but for the head / slept-in and empty", covered, bulky),
             comparison("covered, heaped bedding / heaped and empty", same, heaped),
             comparison("sleepers seen / people elsewhere", seen, others)]
    return table(["generated pair", "n", "ours, in place", *TRIVIAL],
                 [line for line in lines if line]) + "\n" + same_bed(seen, bare)


def same_bed(seen, bare):
    """In how many rooms the sleeper scores above the same room's empty bed, by bedding."""
    partner = {row["scene"]: row for row in bare}
    both = [(row, partner[row["scene"]]) for row in seen if row["scene"] in partner]
    if not both:
        return ""
    lines = []
    for title, found in {"all": both, **grouped(both, lambda pair: pair[1]["condition"])}.items():
        higher = [figures.falls([a["in_place"]], [b["in_place"]]) for a, b in found]
        scenes = [a["scene"] for a, _ in found]
        lines.append([title, len(found),
                      within(np.mean(higher), figures.share_interval(higher, scenes))])
    return table(["the same bed empty", "rooms", "share in which the sleeper scores higher"], lines)
