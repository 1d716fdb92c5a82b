"""Writes a trained checkpoint as ONNX: `export.py CHECKPOINT OUT.onnx`.

The written file is compared with the PyTorch network on smooth noise; a difference above 1e-3 of
a logit is an error. The stem's space-to-depth is written as a reshape and a transposition, which tract runs.
"""

import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

import network

OUTPUTS = ["map", "whole"]


def write(net, path):
    """The network as one ONNX file with the weights inside."""
    blank = torch.zeros(1, 1, network.HEIGHT, network.WIDTH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (blank,), path, input_names=["frame"], output_names=OUTPUTS,
                          opset_version=13, dynamo=False)
    made = onnx.load(path)
    made.producer_name, made.producer_version = "nattsyn", ""
    for node in made.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(made)
    onnx.save(made, path)


def compare(net, path):
    """The largest difference between PyTorch and the written file, in logits."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst, generator = 0.0, np.random.default_rng(1)
    for _ in range(8):
        coarse = generator.uniform(-0.7, 0.7, (1, 1, network.HEIGHT // 8, network.WIDTH // 8))
        x = coarse.repeat(8, 2).repeat(8, 3).astype(np.float32)
        with torch.no_grad():
            wanted = net(torch.from_numpy(x))
        for a, b in zip(session.run(OUTPUTS, {"frame": x}), wanted):
            worst = max(worst, float(np.abs(a - b.numpy()).max()))
    return worst


def main():
    checkpoint, out = sys.argv[1:3]
    net = network.Eye()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    net.eval()
    write(net, out)
    worst = compare(net, out)
    weights = sum(p.numel() for p in net.parameters())
    print(f"{out}: {weights} weights, largest difference from PyTorch {worst:.1e} logits")
    if worst > 1e-3:
        sys.exit("the exported network differs from the trained one")


if __name__ == "__main__":
    main()
