"""The report: what was wanted beside what was measured, then every table behind it.

Every figure of the model's card is taken from here. Words that qualify a figure stand beside it
and are the same each time; what the worst misses look like is for a person to write.
"""

import numpy as np

import damage
import figures
import generated
import pairs
import research
import safety
from judged import FINDINGS
from rivals import FAIR, TRIVIAL
from rooms import SEEN_PX, SEED
from tables import digits, findings, grouped, plain_share, scenes, table, within

# Peers are asked at the threshold that this share of real empty pictures reaches.
PEER_FALSE = 0.02
# Wanted of the model; each is a row of the first table.
EDGE_VISIBLE, ERASED_VISIBLE, FALLS = 0.85, 0.05, 0.95
EMPTY_VISIBLE, MACRO, UNFIT, FIT, HEAPED = 0.02, 0.985, 0.95, 0.02, 0.01


def light(rows, name):
    """Real rows under one light: as is, night (pushed) or outlined."""
    return [row for row in rows if row["light"] == name]


def unpainted(rows):
    """Real pictures of a room with nobody in it; photographs of anything are none."""
    return [row for row in rows if row["person"] == "no" and row["label"].startswith("empty")
            and "painted" not in row["label"]]


def checked(rows):
    """Those whose label was checked by hand."""
    return [row for row in rows if not row["label"].endswith("weak")]


def labelled(rows, source, label):
    """Rows of one source whose label starts so."""
    return [row for row in rows if row["source"] == source and row["label"].startswith(label)]


def for_peers(real):
    """The frames that a peer's score is needed for."""
    needed = {id(row) for pair in pairs.PAIRS if pair.peers for group in pairs.groups(pair, real)
              for row in group}
    needed |= {id(row) for row in unpainted(light(real, "as is"))}
    return [row for row in real if id(row) in needed]


def verdict(title, wanted, value, met, note="", bound=""):
    """One row of the first table."""
    return [title, wanted, value, bound, "yes" if met else "**no**", note]


def bounded(rows, finding="visible"):
    """The exact one-sided 95 % upper bound, scenes as trials: a scene is wrong if any frame is."""
    wrong = {row["scene"] for row in rows if row["finding"] == finding}
    trials = scenes(rows)
    if not trials:
        return "–"
    return f"{digits(figures.upper_bound(len(wrong), trials))} ({len(wrong)} of {trials} scenes)"


def rarely(title, most, rows, note="", finding="visible"):
    """A row of the first table for what is to be hardly ever, with its bound."""
    share = plain_share(rows, finding)
    limit = "0" if most == 0 else f"≤ {most}"
    return verdict(title, limit, counted(rows, finding), share <= most, note,
                   bounded(rows, finding))


def counted(rows, finding="visible"):
    """A share with the count behind it."""
    hits = sum(row["finding"] == finding for row in rows)
    return f"{digits(hits / max(len(rows), 1))} ({hits} of {len(rows)})"


def wanted(real, drawn, harm, compared, thresholds):
    """What the model must show beside what it shows."""
    day, pushed, outlined = (light(real, name) for name in ("as is", "night", "outlined"))
    edge, erased = labelled(day, pairs.EDGE, ""), labelled(day, pairs.ERASED, "")
    fall = next((e["falls"]["in_place"] for e in compared if e["pair"].joined), float("nan"))
    heaped = [row for row in generated.empties(drawn) if row["condition"] == "empty, heaped"]
    floor = [row for row in generated.clear(drawn) if row["label"] == "on_floor"]
    real_floor = [row for row in outlined if row["label"] == "person_on_floor"]
    beside = [row for row in outlined if row["label"] == "person_in_room"]
    upright = [row for row in generated.clear(drawn) if row["label"] == "standing"]
    must = [row for row in harm if row["must"]]
    fit = [row for row in day + generated.clear(drawn)]
    points = dict(safety.chosen(generated.empties(drawn), thresholds))
    least = points["1 % of the rooms"]
    fair = pairs.macro(compared)
    rows = [
        verdict("EventSleep-edge *visible*", f"≥ {EDGE_VISIBLE}", counted(edge),
                plain_share(edge, "visible") >= EDGE_VISIBLE, f"{scenes(edge)} takes, one person"),
        rarely("EventSleep-erased *visible*", ERASED_VISIBLE, erased, "painted, not real beds"),
        verdict("score falls when the person is painted out", f"≥ {FALLS}", digits(fall),
                fall >= FALLS, "pairs of the two above"),
    ]
    for title, group in (("real empties *visible*", day), ("the same, night-pushed", pushed)):
        here = unpainted(group)
        rows.append(rarely(title, EMPTY_VISIBLE, here,
                           f"labels checked by hand: {counted(checked(here))}"))
    rows += [
        rarely("on the floor *visible*, generated", 0, floor, "bed outlined"),
        rarely("on the floor *visible*, real, bed outlined", 0, real_floor, "daylight"),
        rarely("beside the bed *visible*, real, bed outlined", 0, beside, "two rooms by day"),
        rarely("standing *visible*, generated", 0, upright, "bed outlined"),
        verdict("macro AUC over fair pairs", f"≥ {MACRO}", digits(fair), fair >= MACRO,
                f"all five, fair or not: {digits(pairs.macro(compared, None, False))}"),
        verdict("unfit frames *technical*", f"≥ {UNFIT}", counted(must, "technical"),
                plain_share(must, "technical") >= UNFIT, "damaged copies, real and generated"),
        rarely("fit frames *technical*", FIT, fit, "real and generated", "technical"),
        rarely("heaped empty beds *visible*, generated", HEAPED, heaped),
        rarely("all empty beds *visible*, generated", HEAPED, generated.empties(drawn)),
        ["*unclear* at 1 % false *visible*: sleepers seen / empty beds", "–",
         " / ".join(digits(safety.unclear(group, least, thresholds)) for group in (
             generated.seen_sleepers(drawn), generated.empties(drawn))), "", "", "safety figure"],
    ]
    return table(["what", "wanted", "measured", "95 % bound", "met", "beside it"], rows)


def real_tables(real):
    """Findings on real frames by source and label, and pushed to night."""
    names = ("source", "label")
    parts = []
    for title, name in (("as they are, the whole frame as sleeping place", "as is"),
                        ("daylight pushed to night, the whole frame as sleeping place", "night"),
                        ("the bed outlined by hand", "outlined")):
        groups = grouped(light(real, name), lambda row: (row["source"], row["label"]))
        parts.append(f"### Real pictures, {title}\n\n" + findings(groups, names))
    return "\n".join(parts)


# Real pictures as they are that are asked for at a threshold, by title.
CHOSEN = {
    "real empties": lambda real: unpainted(light(real, "as is")),
    "EventSleep-edge in bed": lambda real: labelled(
        light(real, "as is"), pairs.EDGE, "person_in_bed"),
    "EventSleep-erased": lambda real: labelled(light(real, "as is"), pairs.ERASED, ""),
    "sickbed in bed": lambda real: labelled(light(real, "as is"), pairs.SICKBED, "person_in_bed"),
    "patient-falling in bed": lambda real: labelled(
        light(real, "as is"), pairs.FALLING, "person_in_bed"),
    "sleepers (weak)": lambda real: labelled(light(real, "as is"), "sleepers", "sleeper"),
}


def usable(real, peers):
    """Who is found at a threshold that hardly any real empty picture reaches."""
    empty = CHOSEN["real empties"](real)
    groups = {title: chosen(real) for title, chosen in CHOSEN.items()
              if title != "real empties"}
    lines = []
    for name in ("in_place", *TRIVIAL, *peers):
        least = figures.lowest_threshold([row[name] for row in empty], PEER_FALSE)
        title = "**ours, in place**" if name == "in_place" else name
        lines.append([title, f"{least:.3g}", *(digits(np.mean([row[name] >= least
                     for row in group])) if group else "–" for group in groups.values())])
    header = ["score", f"threshold that {PEER_FALSE:.0%} of {len(empty)} reach", *groups]
    return table(header, lines)


def damage_table(harm, drawn, day):
    """What the health check says of damaged pictures, of rendered faults and of fit ones."""
    lines = []
    for source in ("real", "rooms"):
        for kind, (expected, must) in damage.KINDS.items():
            here = [row for row in harm if (row["source"], row["label"]) == (source, kind)]
            named = [row["fault"] == expected for row in here]
            lines.append([source, kind, "yes" if must else "", len(here),
                          counted(here, "technical"), digits(np.mean(named)) if expected else "",
                          counted(here, "visible")])
    expected = {"covered": "covered", "defocused": "blurred", "saturated": "saturated",
                "lamp_dead": "dark"}
    for lens, here in grouped(drawn, lambda row: row["source"]).items():
        fault = expected.get(lens.removeprefix("rooms/"))
        named = digits(np.mean([row["fault"] == fault for row in here])) if fault else ""
        lines.append(["rendered", lens.removeprefix("rooms/"), "yes" if fault else "fit",
                      len(here), counted(here, "technical"), named, counted(here, "visible")])
    lines.append(["real", "undamaged", "fit", len(day), counted(day, "technical"), "",
                  counted(day, "visible")])
    header = ["pictures", "damage", "must be technical", "n", "technical", "named right", "visible"]
    return table(header, lines)


def safety_section(real, drawn, thresholds):
    """The safety figure with everything asked at its thresholds."""
    bare, seen = generated.empties(drawn), generated.seen_sleepers(drawn)
    points = safety.chosen(bare, thresholds)
    rooms = scenes(bare)
    few = "" if rooms >= safety.ROOMS_MIN else f"**Only {rooms} rooms: too few for this claim.** "
    day = light(real, "as is")
    groups = {"sleepers seen": seen,
              **{name: rows for name, rows in grouped(
                  seen, lambda row: row["condition"]).items()},
              "empty beds": bare,
              **{name: rows for name, rows in grouped(
                  bare, lambda row: row["condition"]).items()},
              "EventSleep-edge in bed": labelled(day, pairs.EDGE, "person_in_bed"),
              "EventSleep-erased": labelled(day, pairs.ERASED, ""),
              "real empties, as they are": unpainted(day),
              "real empties, night-pushed": unpainted(light(real, "night"))}
    return (f"{few}Empty rooms called *visible* of {rooms} independent rooms (at least "
            f"{safety.ROOMS_MIN} wanted), a room wrong if any of its pictures is, with the exact "
            "one-sided 95 % bound (Clopper and Pearson) in brackets.\n\n"
            + safety.bounds(bare, points, thresholds)
            + "\nAt the same thresholds: " + " / ".join(FINDINGS).replace("_", " ") + ".\n\n"
            + safety.outcomes(groups, points, thresholds))


def written(manifest, real, drawn, harm, peers, other=None):
    """The whole report; `other` is what a second network says of the same pictures."""
    thresholds = manifest["thresholds"]
    day, compared = light(real, "as is"), pairs.compared(real, peers)
    parts = [
        f"# {manifest['name']}, measured\n\nModel `{manifest['sha256'][:12]}`, thresholds "
        + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in thresholds.items())
        + f". `nattsyn-score`, one frame a look. {len(day)} real pictures, {len(drawn)} of "
        f"{scenes(drawn)} generated rooms (seed {SEED}, kept for measuring). Shares have "
        "bootstrap 95 % intervals over scenes (exact where the share is 0 or 1); (–): fewer than "
        f"{figures.SCENES_MIN} scenes, which say nothing of other rooms or people. *95 % bound*: "
        "the exact one-sided upper bound, scenes as trials.",
        "## What it must show\n\n" + wanted(real, drawn, harm, compared, thresholds),
        "No real near-infrared picture of an empty adult bed exists to us: **false alarms at night "
        "are not measured on real pictures**, only on generated, painted and night-pushed ones.",
        "## Pairs\n\nAUC, ours with its interval; peers as is / after a contrast stretch; trivial "
        f"scores in their better direction. Fair: none of these above {FAIR:.2f}.\n\n"
        + pairs.written(compared, peers),
        f"## Found at {PEER_FALSE:.0%} false alarms on real empty pictures\n\n"
        + usable(real, peers),
        "## Safety figure\n\n" + safety_section(real, drawn, thresholds),
        *([] if other is None else [
            "## Second network\n\n" + research.written((real, drawn), other, CHOSEN)]),
        "## Real pictures\n\n" + real_tables(real),
        f"## Generated rooms\n\n*Seen*: at least {SEEN_PX} pixels of 320 x 240 show skin, hair or "
        "clothes.\n\n" + generated.conditions(drawn) + "\n" + generated.comparisons(drawn),
        "## Damaged pictures\n\n" + damage_table(harm, drawn, day)
        + "\nOne frame cannot be a repetition: frozen pictures are found by the look, which counts "
        "no bit-identical frame twice. " + repeats(day),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def repeats(day):
    """Whether real still frames would be taken for frozen ones."""
    still = [row for row in day if row["source"] == "EventSleep"]
    alike = len(still) - len({row["digest"] for row in still})
    return (f"Of {len(still)} real near-infrared frames of a still sleeper {alike} are "
            "bit-identical to another.")
