"""Trains the network: `train.py MATERIAL.npz OUT_DIR --minutes M [--seed S]
[--rate R] [--start CHECKPOINT]`.

Runs on one processor thread, writes `OUT_DIR/checkpoint.pt` every minute and continues from
it when started again; `--minutes` is processor time over all runs together, and the learning
rate follows it. Rooms with a held-out scene number are never shown (`held_out`).
"""

import argparse
import json
import math
import pathlib
import time
import zlib

import cv2
import numpy as np
import torch
from torch.nn import functional as F

import augment
import network
from frames import POOLED_CELLS

BATCH = 48
SAVE_EVERY_S = 60
# The first generated frames are fewer in kind and plainer than the rooms.
SKETCH_SHARE = 0.2


def held_out(scene):
    """Whether a scene is kept for choosing thresholds and for the card: one in ten."""
    return zlib.crc32(scene.encode()) % 10 == 0


class Shown:
    """Draws examples: even over kinds of content, so that rare ones are learnt."""

    def __init__(self, path, seed):
        stored = np.load(path, allow_pickle=False)
        self.pictures, self.labels = stored["pictures"], stored["labels"]
        self.marks, self.gamma = stored["marks"], stored["gamma"]
        kept = np.array([not held_out(scene) for scene in stored["scenes"]])
        self.photo = stored["kinds"] == "photo"
        bed, other = self.marks[:, 0], self.marks[:, 1]
        contents = {
            "bed": (0.36, bed == 1),
            "elsewhere": (0.14, (other == 1) & (bed != 1)),
            "empty": (0.36, self.marks[:, 2] == 0),
            "untellable": (0.05, (self.marks == -1).any(1)),
        }
        sketch = np.char.startswith(stored["scenes"], "sketch-")
        groups = {
            "photo with": (0.05, kept & self.photo & (other == 1)),
            "photo without": (0.07, kept & self.photo & (self.marks[:, 2] == 0)),
        }
        for name, (share, chosen) in contents.items():
            chosen = kept & ~self.photo & chosen
            groups[name + ", rooms"] = ((1 - SKETCH_SHARE) * share, chosen & ~sketch)
            groups[name + ", sketch"] = (SKETCH_SHARE * share, chosen & sketch)
        shares = {name: share for name, (share, _) in groups.items()}
        groups = {name: chosen for name, (_, chosen) in groups.items()}
        self.groups = {k: np.flatnonzero(v) for k, v in groups.items() if v.any()}
        self.names = list(self.groups)
        weights = np.array([shares[name] for name in self.names])
        self.shares = weights / weights.sum()
        self.rng = np.random.default_rng(seed)

    def batch(self):
        """Inputs, targets, weights and marks of one batch, as tensors."""
        made = []
        for _ in range(BATCH):
            group = self.groups[self.names[self.rng.choice(len(self.names), p=self.shares)]]
            i = group[self.rng.integers(len(group))]
            made.append(augment.example(self.rng, self.pictures[i], self.labels[i],
                                        self.marks[i], self.gamma[i], self.photo[i]))
        inputs, cells, weights, marks = (torch.from_numpy(np.stack(part)) for part in zip(*made))
        return inputs[:, None], cells, weights, marks


def losses(cells, anyone, target, weights, marks):
    """Map, pooled and whole-frame loss."""
    per_cell = F.binary_cross_entropy_with_logits(cells, target, reduction="none")
    on_map = (per_cell * weights).sum() / weights.sum().clamp(min=1)
    strongest = cells.flatten(2).topk(POOLED_CELLS, dim=2).values.mean(2)
    answers = torch.cat((strongest, anyone), 1)
    wanted = marks.clamp(min=0) * 0.96 + 0.02
    told = (marks >= 0).float()
    each = F.binary_cross_entropy_with_logits(answers, wanted, reduction="none") * told
    each = each.sum(0) / told.sum(0).clamp(min=1)
    return on_map, each[:2].sum(), each[2]


class Training:
    """The network, its running average, the optimiser and the time spent."""

    def __init__(self, options):
        self.options = options
        self.net, self.average = network.Eye(), network.Eye()
        if options.start:
            start = torch.load(options.start, map_location="cpu", weights_only=True)
            self.net.load_state_dict(start["average"])
        self.average.load_state_dict(self.net.state_dict())
        self.net.to(memory_format=torch.channels_last)
        matrices = [p for p in self.net.parameters() if p.ndim > 1]
        vectors = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": 0.03},
                  {"params": vectors, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate)
        self.step, self.spent_s = 0, 0.0
        self.path = options.out / "checkpoint.pt"
        if self.path.exists():
            self.resume()

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
        """One step of the optimiser; returns the three losses."""
        inputs, target, weights, marks = batch
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        with torch.autocast("cpu", torch.bfloat16):
            cells, anyone = self.net(inputs.contiguous(memory_format=torch.channels_last))
        parts = losses(cells.float(), anyone.float(), target, weights, marks)
        self.optimiser.zero_grad()
        (2 * parts[0] + 0.5 * parts[1] + 0.5 * parts[2]).backward()
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
        return [part.item() for part in parts]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("material", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=pathlib.Path)
    parser.add_argument("--rate", type=float, default=3e-3)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    training = Training(options)
    shown = Shown(options.material, options.seed + 1000 * training.step)
    print({name: len(group) for name, group in shown.groups.items()}, flush=True)
    recent, saved = [], time.process_time()
    while training.spent_s < 60 * options.minutes:
        before = time.process_time()
        recent.append(training.one_step(shown.batch()))
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
