"""Trains the network: `train.py MATERIAL.npz OUT_DIR --minutes M --detector YOLOX.onnx
[--seed S] [--rate R] [--start CHECKPOINT_OR_ONNX]`.

Runs on one processor thread, writes `OUT_DIR/checkpoint.pt` every minute and continues from
it when started again; `--minutes` is processor time over all runs together, and the learning
rate follows it. Rooms for choosing thresholds and for measuring have seeds of their own and never
come here.
"""

import argparse
import collections
import json
import math
import pathlib
import time

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

import augment
import network
from frames import POOLED_CELLS

BATCH = 24
# Pairs of a batch: the same room, lens, lamp and sensor with and without its sleeper.
PAIRS = 7
# How much more evidence a sleeper must give than the same bed without one, in logits.
MARGIN = 3.0
# Pictures of a batch drawn from the empty beds that look most like a sleeper so far: thresholds
# are set by these few.
HARD, HARD_SHARE = 4, 0.08
# Empty beds judged before the first step; the others are as they are drawn.
JUDGED_FIRST = 6000
# Weight of each loss: those of `losses` in their order, then that of `Memory`.
SHARES = (3.0, 0.5, 0.4, 0.2, 1.0)
SAVE_EVERY_S = 60
# The first generated frames are fewer in kind and plainer than the rooms.
SKETCH_SHARE = 0.08


class Shown:
    """Draws examples: even over kinds of content, so that rare ones are learnt."""

    def __init__(self, path, seed):
        stored = np.load(path, allow_pickle=False)
        self.shapes = stored["shapes"]
        self.starts = np.r_[0, np.cumsum(np.prod(self.shapes.astype(np.int64), 1))]
        self.pixels, self.labels = stored["pixels"], stored["labels"]
        self.marks, self.gamma = stored["marks"], stored["gamma"]
        self.photo = stored["kinds"] == "photo"
        bed, other = self.marks[:, 0], self.marks[:, 1]
        contents = {
            "bed": (0.36, bed == 1),
            "elsewhere": (0.14, (other == 1) & (bed != 1)),
            "empty": (0.36, self.marks[:, 2] == 0),
            "several": (0.05, self.marks[:, 3] == 1),
            "untellable": (0.05, (self.marks == -1).any(1)),
        }
        sketch = np.char.startswith(stored["scenes"], "sketch-")
        groups = {
            "photo with": (0.18, self.photo & (other == 1)),
            "photo without": (0.14, self.photo & (self.marks[:, 2] == 0)),
        }
        for name, (share, chosen) in contents.items():
            chosen = ~self.photo & chosen
            groups[name + ", rooms"] = ((1 - SKETCH_SHARE) * share, chosen & ~sketch)
            groups[name + ", sketch"] = (SKETCH_SHARE * share, chosen & sketch)
        shares = {name: share for name, (share, _) in groups.items()}
        groups = {name: chosen for name, (_, chosen) in groups.items()}
        self.groups = {k: np.flatnonzero(v) for k, v in groups.items() if v.any()}
        self.names = list(self.groups)
        weights = np.array([shares[name] for name in self.names])
        self.shares = weights / weights.sum()
        self.rng = np.random.default_rng(seed)
        self.pairs = self.matched(stored["scenes"], ~self.photo)
        self.nobody_in_bed = np.flatnonzero(~self.photo & ~sketch & (bed == 0))
        self.evidence = np.full(len(self.marks), -np.inf, np.float32)
        self.drawn, self.step = [], 0

    def judged(self, evidence):
        """Remembers how much evidence of a sleeper the last batch's pictures gave, in logits."""
        for i, value in zip(self.drawn, evidence):
            self.evidence[i] = value

    def hard(self):
        """One of the beds with nobody in it that last gave the most evidence of a sleeper."""
        if self.step % 100 == 0:
            known = self.evidence[self.nobody_in_bed]
            order = np.argsort(known)[::-1]
            self.hardest = self.nobody_in_bed[order[:int(HARD_SHARE * len(order))]]
        return self.hardest[self.rng.integers(len(self.hardest))]

    def without(self, others):
        """A picture of the room with nobody in it: every second time the most misleading one."""
        if self.rng.random() < 0.5:
            return others[int(np.argmax(self.evidence[others]))]
        return others[self.rng.integers(len(others))]

    def matched(self, scenes, chosen):
        """Sleepers with pictures of the same room with nobody in it: (with, without)."""
        without = collections.defaultdict(list)
        for i in np.flatnonzero(chosen & (self.marks[:, 2] == 0)):
            without[scenes[i]].append(i)
        return [(i, without[scenes[i]]) for i in np.flatnonzero(chosen & (self.marks[:, 0] == 1))
                if scenes[i] in without]

    def judge_all(self, net):
        """Evidence of some beds with nobody in them, before the first step."""
        net.eval()
        first = self.rng.permutation(self.nobody_in_bed)[:JUDGED_FIRST]
        for start in range(0, len(first), BATCH):
            self.drawn = []
            some = [self.example(i, self.rng)[0] for i in first[start:start + BATCH]]
            inputs = torch.from_numpy(np.stack(some))[:, None]
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                cells, _ = net(inputs.contiguous(memory_format=torch.channels_last))
            self.judged(evidence(cells.float()))
        net.train()

    def batch(self):
        """Inputs, targets, weights and marks of one batch, as tensors."""
        made, self.drawn = [], []
        for _ in range(PAIRS):
            one, others = self.pairs[self.rng.integers(len(self.pairs))]
            seed = self.rng.integers(1 << 40)
            for i in (one, self.without(others)):
                made.append(self.example(i, np.random.default_rng(seed)))
        for _ in range(HARD):
            made.append(self.example(self.hard(), self.rng))
        self.step += 1
        for _ in range(BATCH - 2 * PAIRS - HARD):
            group = self.groups[self.names[self.rng.choice(len(self.names), p=self.shares)]]
            made.append(self.example(group[self.rng.integers(len(group))], self.rng))
        inputs, cells, weights, marks = (torch.from_numpy(np.stack(part)) for part in zip(*made))
        return inputs[:, None], cells, weights, marks

    def example(self, i, rng):
        """Stored picture `i` as one drawing of lens, lamp and sensor shows it."""
        self.drawn.append(i)
        span = slice(self.starts[i], self.starts[i + 1])
        picture, labels = (part[span].reshape(self.shapes[i])
                           for part in (self.pixels, self.labels))
        return augment.example(rng, picture, labels, self.marks[i], self.gamma[i], self.photo[i])


def evidence(cells):
    """Of a sleeper, in logits, for each picture of a batch."""
    return cells[:, 0].flatten(1).topk(POOLED_CELLS, dim=1).values.mean(1).detach().numpy()


def losses(cells, whole, target, weights, marks):
    """On the map, on its strongest cells, on the whole frame, and between matched pairs."""
    per_cell = F.binary_cross_entropy_with_logits(cells, target, reduction="none")
    on_map = (per_cell * weights).sum() / weights.sum().clamp(min=1)
    strongest = cells.flatten(2).topk(POOLED_CELLS, dim=2).values.mean(2)
    answers = torch.cat((strongest, whole), 1)
    wanted = marks.clamp(min=0) * 0.96 + 0.02
    told = (marks >= 0).float()
    each = F.binary_cross_entropy_with_logits(answers, wanted, reduction="none") * told
    each = each.sum(0) / told.sum(0).clamp(min=1)
    pairs, bed = strongest[:2 * PAIRS, 0].view(PAIRS, 2), marks[:2 * PAIRS, 0].view(PAIRS, 2)
    # A crop may have cut the sleeper off.
    whole_pairs = ((bed[:, 0] == 1) & (bed[:, 1] == 0)).float()
    apart = F.softplus(MARGIN - pairs[:, 0] + pairs[:, 1]) * whole_pairs
    return on_map, each[:2].sum(), each[2:].sum(), apart.sum() / whole_pairs.sum().clamp(min=1)


def stored_weights(path):
    """Weights by name, from a checkpoint or from an exported network."""
    if path.suffix != ".onnx":
        return torch.load(path, map_location="cpu", weights_only=True)["average"]
    return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
            for each in onnx.load(path).graph.initializer if "." in each.name}


class Memory:
    """The detector as it was, so that fitting does not unlearn what it has seen.

    Photographs are few and generated rooms are not the world: without this, what was learnt from
    118,000 photographs fades.
    """

    def __init__(self, detector):
        self.detector = network.Eye()
        self.detector.start_from(detector)
        self.detector.requires_grad_(False).to(memory_format=torch.channels_last)

    def loss(self, inputs, readings, people):
        """How far features and evidence of the last pictures are from the detector's own."""
        with torch.no_grad():
            _, wanted, seen = self.detector.readings(inputs[2 * PAIRS:])
        apart = sum(F.smooth_l1_loss(mine[2 * PAIRS:].float(), theirs.float())
                    for mine, theirs in zip(readings, wanted))
        return apart + 0.1 * F.smooth_l1_loss(people[2 * PAIRS:].float(), seen.float())


class Training:
    """The network, its running average, the optimiser and the time spent."""

    def __init__(self, options):
        self.options = options
        self.net, self.average = network.Eye(), network.Eye()
        if options.start:
            self.net.load_state_dict(stored_weights(options.start))
        else:
            self.net.start_from(options.detector)
        self.memory = Memory(options.detector)
        self.average.load_state_dict(self.net.state_dict())
        self.net.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.groups(), lr=options.rate)
        self.step, self.spent_s = 0, 0.0
        self.path = options.out / "checkpoint.pt"
        if self.path.exists():
            self.resume()

    def groups(self):
        """What is fitted, and how fast: our heads, and slowly the detector's later stages."""
        for part in (self.net.stem, self.net.dark2, self.net.towers):
            part.requires_grad_(False)
        theirs = [p for part in self.net.detector() for p in part.parameters() if p.requires_grad]
        known = {id(p) for p in theirs}
        ours = [p for p in self.net.parameters() if p.requires_grad and id(p) not in known]
        matrices, vectors = [p for p in ours if p.ndim > 1], [p for p in ours if p.ndim <= 1]
        return [{"params": matrices, "weight_decay": 0.03, "share": 1.0},
                {"params": vectors, "weight_decay": 0.0, "share": 1.0},
                {"params": theirs, "weight_decay": 0.0, "share": self.options.detector_rate}]

    def resume(self):
        """Continues a run that was stopped."""
        stored = torch.load(self.path, map_location="cpu", weights_only=True)
        self.net.load_state_dict(stored["net"])
        self.average.load_state_dict(stored["average"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.step, self.spent_s = stored["step"], stored["spent_s"]
        print(f"continuing at step {self.step}, {self.spent_s / 60:.1f} min", flush=True)

    def save(self):
        """Writes the checkpoint beside the old one, then in its place."""
        fresh = self.path.with_suffix(".new")
        torch.save({"net": self.net.state_dict(), "average": self.average.state_dict(),
                    "optimiser": self.optimiser.state_dict(), "step": self.step,
                    "spent_s": self.spent_s}, fresh)
        fresh.rename(self.path)
        facts = {"steps": self.step, "pictures": self.step * BATCH,
                 "processor_minutes": round(self.spent_s / 60, 1), "seed": self.options.seed}
        (self.options.out / "training.json").write_text(json.dumps(facts) + "\n")

    def rate(self):
        """Learning rate: short warm-up, then a half cosine to nearly nothing."""
        done = min(self.spent_s / (60 * self.options.minutes), 1.0)
        warm = 0.04
        if done < warm:
            return self.options.rate * (0.1 + 0.9 * done / warm)
        cosine = 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
        return self.options.rate * (cosine + 0.003)

    def one_step(self, batch):
        """One step of the optimiser; returns the five losses."""
        inputs, target, weights, marks = batch
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate() * group["share"]
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            levels, readings, people = self.net.readings(inputs)
            cells, whole = self.net.heads(levels, readings, people)
            kept = self.memory.loss(inputs, readings, people)
        parts = [*losses(cells.float(), whole.float(), target, weights, marks), kept]
        self.optimiser.zero_grad()
        sum(share * part for share, part in zip(SHARES, parts)).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for slow, fast in zip(self.average.state_dict().values(),
                                  self.net.state_dict().values()):
                if slow.dtype.is_floating_point:
                    slow.lerp_(fast, 1 - keep)
                else:
                    slow.copy_(fast)
        return [part.item() for part in parts], evidence(cells.float())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("material", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--detector-rate", type=float, default=0.1)
    parser.add_argument("--start", type=pathlib.Path)
    parser.add_argument("--detector", type=pathlib.Path, required=True)
    parser.add_argument("--rate", type=float, default=1e-3)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    training = Training(options)
    shown = Shown(options.material, options.seed + 1000 * training.step)
    print({name: len(group) for name, group in shown.groups.items()}, flush=True)
    shown.judge_all(training.net)
    recent, saved = [], time.process_time()
    while training.spent_s < 60 * options.minutes:
        before = time.process_time()
        parts, found = training.one_step(shown.batch())
        shown.judged(found)
        recent.append(parts)
        training.spent_s += time.process_time() - before
        if training.step % 50 == 0:
            part = " ".join(f"{v:.3f}" for v in np.mean(recent, 0))
            print(f"step {training.step}  {training.spent_s / 60:5.1f} min  losses {part}",
                  flush=True)
            recent = []
        if time.process_time() - saved > SAVE_EVERY_S:
            training.save()
            saved = time.process_time()
    training.save()


if __name__ == "__main__":
    main()
