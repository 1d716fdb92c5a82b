"""Runs the shipped program over a table of pictures and reads what it said.

The findings are the program's own, at the thresholds built into it: nothing here judges a picture
again, except `finding_at`, which asks what another threshold would have said.
"""

import csv
import subprocess

FINDINGS = ("visible", "unclear", "not_visible", "technical")


def judged(program, rows, name, out, tell):
    """The rows with `in_place`, `elsewhere`, `anywhere`, `health`, `finding` and `fault` added.

    Writes `scores-NAME.csv`. A picture that could not be scored ends the run: a figure over what
    happened to be readable would look like evidence.
    """
    table, scores = out / f"frames-{name}.csv", out / f"scores-{name}.csv"
    with open(table, "w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "places"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({"file": row["file"], "places": row.get("places", "")} for row in rows)
    tell(f"judging {len(rows)} pictures ({name})")
    with open(scores, "w") as file:
        done = subprocess.run([str(program), str(table)], stdout=file, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program.name} could not score all of {table}; its words are above")
    with open(scores, newline="") as file:
        found = list(csv.DictReader(file))
    return [joined(row, said) for row, said in zip(rows, found, strict=True)]


def joined(row, said):
    """A row with what the program said of it."""
    finding, _, fault = said["finding"].partition("(")
    in_place, elsewhere = float(said["in_place"]), float(said["elsewhere"])
    several = float(said["several"]) if said.get("several") else None
    return {**row, "in_place": in_place, "elsewhere": elsewhere, "several": several,
            "anywhere": max(in_place, elsewhere), "health": said["health"],
            "finding": finding, "fault": fault.rstrip(")")}


def more_than_one(row, thresholds):
    """Whether the program took the picture for several people.

    Where it does not print that score, its finding says so; below the shipped threshold
    `visible` it then stays unsaid, and the picture is counted as showing one.
    """
    if row.get("several") is not None and "several" in thresholds:
        return row["several"] >= thresholds["several"]
    return row.get("fault") == "several"


def evidence(row, thresholds):
    """What must pass the threshold `visible`: `in_place`, unless another rule comes first."""
    ruled_out = row["elsewhere"] >= thresholds["elsewhere"] or more_than_one(row, thresholds)
    return -1.0 if row["health"] != "ok" or ruled_out else row["in_place"]


def finding_at(row, visible, thresholds):
    """The finding if `visible` were another threshold, by the rules of the model's crate."""
    if row["health"] != "ok":
        return "technical"
    if row["elsewhere"] >= thresholds["elsewhere"]:
        return "unclear"
    if row["in_place"] >= visible:
        return "unclear" if more_than_one(row, thresholds) else "visible"
    return "not_visible" if row["in_place"] <= thresholds["not_visible"] else "unclear"
