"""Writes a trained checkpoint as ONNX: `export.py [--reference] CHECKPOINT OUT.onnx`.

With `--reference` the checkpoint is `train_reference.py`'s. The written file is compared with the
PyTorch network on smooth noise; a difference above 1e-3 of a logit is an error. The stem's
space-to-depth is written as a reshape and a transposition, which tract runs.
"""

import argparse
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

import compare
import network

# What goes in and comes out, by name; `features` is what the second network reads of the first.
EYE = ["frame"], ["map", "whole", "features"]
REFERENCE = ["features", "map", "kept"], ["map_with_reference", "kept_of_this"]
SHAPES = {"frame": (1, network.HEIGHT, network.WIDTH)}
for name, channels in (("features", compare.FEATURES), ("map", 2), ("kept", compare.KEPT)):
    SHAPES[name] = (channels, network.MAP_HEIGHT, network.MAP_WIDTH)


def write(net, path, names):
    """The network as one ONNX file with the weights inside."""
    blank = tuple(torch.zeros(1, *SHAPES[name]) for name in names[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, blank, path, input_names=names[0], output_names=names[1],
                          opset_version=13, dynamo=False)
    made = onnx.load(path)
    made.producer_name, made.producer_version = "nattsyn", ""
    for node in made.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(made)
    onnx.save(made, path)


def smooth(generator, channels, height, width):
    """Noise in blocks of eight cells or pixels."""
    coarse = generator.uniform(-0.7, 0.7, (1, channels, height // 8, width // 8))
    return coarse.repeat(8, 2).repeat(8, 3).astype(np.float32)


def difference(net, path, names):
    """The largest difference between PyTorch and the written file, in logits."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst, generator = 0.0, np.random.default_rng(1)
    for _ in range(8):
        given = {name: smooth(generator, *SHAPES[name]) for name in names[0]}
        with torch.no_grad():
            wanted = net(*(torch.from_numpy(value) for value in given.values()))
        for a, b in zip(session.run(names[1], given), wanted):
            worst = max(worst, float(np.abs(a - b.numpy()).max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--reference", action="store_true")
    options = parser.parse_args()
    net, names = (compare.Compare(), REFERENCE) if options.reference else (network.Shipped(), EYE)
    stored = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    net.load_state_dict(stored["average"])
    net.eval()
    write(net, str(options.out), names)
    worst = difference(net, str(options.out), names)
    weights = sum(p.numel() for p in net.parameters())
    print(f"{options.out}: {weights} weights, largest difference from PyTorch {worst:.1e} logits")
    if worst > 1e-3:
        sys.exit("the exported network differs from the trained one")


if __name__ == "__main__":
    main()
