"""Figures with their uncertainty: shares, AUC, bootstrap over scenes, exact binomial bounds.

Frames of one scene are alike, so every interval draws scenes, never frames. Deliberately without
pictures, files and models: everything here is a function of numbers, and tested as such.
"""

import functools
import math

import numpy as np

# The usual 95 %, and redraws enough that two digits of an interval's ends no longer move.
LEVEL, DRAWS = 0.95, 2000
# Fewer scenes than this give no interval: three scenes have 10 distinct draws, and an interval
# from them looks like knowledge.
SCENES_MIN = 6


def auc(positive, negative):
    """Share of pairs in which the positive scores higher; ties count half. NaN if one is empty."""
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    both = np.concatenate([positive, negative])
    _, back, counts = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[back]
    n = len(positive)
    return float((rank[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def falls(with_person, without):
    """Share of pairs in which the score falls when the person is taken out; ties count half."""
    higher = np.asarray(with_person) > np.asarray(without)
    same = np.asarray(with_person) == np.asarray(without)
    return float(np.mean(higher + same / 2))


def wins(positive, negative, positive_scenes, negative_scenes, scenes):
    """For every pair of scenes, how many pairs of frames are in the right order."""
    table = np.zeros((len(scenes), len(scenes)))
    place = {scene: i for i, scene in enumerate(scenes)}
    columns = np.array([place[scene] for scene in negative_scenes])
    for value, scene in zip(positive, positive_scenes):
        won = (negative < value) + (negative == value) / 2
        table[place[scene]] += np.bincount(columns, won, len(scenes))
    return table


@functools.lru_cache(maxsize=64)
def draws(count, seed=1):
    """How often each of `count` scenes is drawn in each bootstrap sample: DRAWS x count."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), DRAWS).astype(float)


def middle(values):
    """The ends of the middle 95 % of bootstrap values, or None if there is nothing to say."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None
    tail = (1 - LEVEL) / 2
    return tuple(float(v) for v in np.quantile(values, (tail, 1 - tail)))


def share_interval(hits, scenes):
    """Bootstrap interval over scenes of a share; exact over scenes where it is 0 or 1.

    A share of exactly 0 or 1 stays so in every redraw; there the bound is Clopper and Pearson's
    with scenes as trials. None with fewer than `SCENES_MIN` scenes.
    """
    hits = np.asarray(hits, float)
    names, back = np.unique(np.asarray(scenes), return_inverse=True)
    if len(names) < SCENES_MIN:
        return None
    if hits.mean() in (0.0, 1.0):
        return clopper_pearson(int(hits.mean()) * len(names), len(names))
    here, sizes = np.bincount(back, hits), np.bincount(back)
    weights = draws(len(names))
    return middle((weights @ here) / (weights @ sizes))


def auc_interval(positive, negative, positive_scenes, negative_scenes):
    """Bootstrap interval over scenes of an AUC; a scene with both classes is drawn as one.

    None where either class has fewer than `SCENES_MIN` scenes.
    """
    if min(len(set(positive_scenes)), len(set(negative_scenes))) < SCENES_MIN:
        return None
    scenes = sorted(set(positive_scenes) | set(negative_scenes))
    table = wins(np.asarray(positive), np.asarray(negative), positive_scenes, negative_scenes,
                 scenes)
    place = {scene: i for i, scene in enumerate(scenes)}
    sizes = [np.bincount([place[s] for s in found], minlength=len(scenes))
             for found in (positive_scenes, negative_scenes)]
    weights = draws(len(scenes))
    won = np.einsum("da,ab,db->d", weights, table, weights, optimize=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return middle(won / ((weights @ sizes[0]) * (weights @ sizes[1])))


def binomial_tail(hits, trials, chance):
    """Probability of at most `hits` in `trials`."""
    if chance <= 0:
        return 1.0
    if chance >= 1:
        return 1.0 if hits >= trials else 0.0
    logs = [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(chance) + (trials - k) * math.log1p(-chance) for k in range(hits + 1)]
    return min(1.0, math.fsum(math.exp(each) for each in logs))


def solved(rule):
    """Where a rule that is true from some chance on first is, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        half = (low + high) / 2
        low, high = (low, half) if rule(half) else (half, high)
    return (low + high) / 2


def clopper_pearson(hits, trials, level=LEVEL):
    """The exact two-sided interval of a share of independent trials."""
    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else solved(
        lambda chance: 1 - binomial_tail(hits - 1, trials, chance) >= tail)
    return low, upper_bound(hits, trials, 1 - tail)


def upper_bound(hits, trials, level=LEVEL):
    """The exact one-sided upper bound: with 0 in 299 it is 1 % at 95 %."""
    if hits >= trials:
        return 1.0
    return solved(lambda chance: binomial_tail(hits, trials, chance) <= 1 - level)


def lowest_threshold(scores, share):
    """The lowest threshold that at most `share` of the scores reach, just above a score."""
    ordered = np.sort(np.asarray(scores, np.float64))[::-1]
    allowed = int(share * len(ordered) + 1e-9)
    if allowed >= len(ordered):
        return 0.0
    return float(np.nextafter(ordered[allowed], np.inf))
