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
    return {**row, "in_place": in_place, "elsewhere": elsewhere,
            "anywhere": max(in_place, elsewhere), "health": said["health"],
            "finding": finding, "fault": fault.rstrip(")")}


def evidence(row, thresholds):
    """What must pass the threshold `visible`: `in_place`, unless another rule comes first."""
    if row["health"] != "ok" or row["elsewhere"] >= thresholds["elsewhere"]:
        return -1.0
    return row["in_place"]


def finding_at(row, visible, thresholds):
    """The finding if `visible` were another threshold, by the rules of the model's crate."""
    if row["health"] != "ok":
        return "technical"
    if row["elsewhere"] >= thresholds["elsewhere"]:
        return "unclear"
    if row["in_place"] >= visible:
        return "visible"
    return "not_visible" if row["in_place"] <= thresholds["not_visible"] else "unclear"
