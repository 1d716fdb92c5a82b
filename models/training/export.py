"""Writes a trained checkpoint as ONNX: `export.py CHECKPOINT OUT.onnx`.

The graph is written operator by operator, with batch normalisation folded into the convolutions,
so that it holds exactly the operators that tract runs well, and so that the same checkpoint
gives the same bytes whatever exporter a PyTorch version brings. It is then compared with the
PyTorch network on noise; a difference above 1e-4 is an error.
"""

import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

import network


class Graph:
    """Collects nodes and weights in the order they are added."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, name, values):
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def folded(convolution, norm):
    """Weights and bias of a convolution followed by batch normalisation."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight * scale[:, None, None, None]
    return weight, norm.bias - norm.running_mean * scale


def add_conv(graph, x, name, convolution, norm=None):
    """Adds a convolution, its norm folded in."""
    weight, bias = folded(convolution, norm) if norm else (convolution.weight, convolution.bias)
    names = [
        graph.weight(name + ".weight", weight.detach().numpy()),
        graph.weight(name + ".bias", bias.detach().numpy()),
    ]
    pad = convolution.padding[0]
    return graph.add(
        "Conv", [x, *names], name, kernel_shape=list(convolution.kernel_size),
        strides=list(convolution.stride), pads=[pad] * 4,
    )


def add_block(graph, x, name, block):
    """Adds a convolution, norm and ReLU."""
    return graph.add("Relu", [add_conv(graph, x, name, block[0], block[1])], name + ".relu")


def add_residuals(graph, x, name, blocks):
    """Adds a sequence of residual blocks."""
    for index, block in enumerate(blocks):
        here = f"{name}.{index}"
        down = add_block(graph, x, here + ".down", block.down)
        back = add_conv(graph, down, here + ".back", block.back[0], block.back[1])
        total = graph.add("Add", [x, back], here + ".sum")
        x = graph.add("Relu", [total], here + ".relu")
    return x


def add_space_to_depth(graph, x):
    """PyTorch's `pixel_unshuffle` of one channel: rows then columns within a block."""
    s, height, width = network.STEM, network.HEIGHT // network.STEM, network.WIDTH // network.STEM
    split = graph.weight("stem.split", [1, height, s, width, s])
    x = graph.add("Reshape", [x, split], "stem.blocks")
    x = graph.add("Transpose", [x], "stem.transposed", perm=[0, 2, 4, 1, 3])
    joined = graph.weight("stem.joined", [1, s * s, height, width])
    return graph.add("Reshape", [x, joined], "stem.depth")


def build(net):
    """The whole graph as an ONNX model."""
    graph = Graph()
    x = add_space_to_depth(graph, "frame")
    x = add_block(graph, x, "stem", net.stem)
    fine = add_residuals(graph, add_block(graph, x, "fine", net.fine), "fine", net.fine_blocks)
    coarse = add_block(graph, fine, "coarse", net.coarse)
    coarse = add_residuals(graph, coarse, "coarse", net.coarse_blocks)
    lateral = add_conv(graph, coarse, "lateral", net.lateral)
    scales = graph.weight("up.scales", np.array([1, 1, 2, 2], np.float32))
    up = graph.add(
        "Resize", [lateral, "", scales], "up", mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    joined = graph.add("Relu", [graph.add("Add", [fine, up], "joined")], "joined.relu")
    add_conv(graph, add_block(graph, joined, "decode", net.decode), "map", net.map)
    mean = graph.add("ReduceMean", [coarse], "mean", axes=[2, 3], keepdims=0)
    for name, x, layer in (("hidden", mean, net.hidden), ("anyone", "hidden.relu", net.anyone)):
        names = [
            graph.weight(name + ".weight", layer.weight.detach().numpy()),
            graph.weight(name + ".bias", layer.bias.detach().numpy()),
        ]
        graph.add("Gemm", [x, *names], name, transB=1)
        if name == "hidden":
            graph.add("Relu", ["hidden"], "hidden.relu")
    shape = [1, 1, network.HEIGHT, network.WIDTH]
    cells = [1, 2, network.MAP_HEIGHT, network.MAP_WIDTH]
    made = helper.make_graph(
        graph.nodes, "eye",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("map", TensorProto.FLOAT, cells),
         helper.make_tensor_value_info("anyone", TensorProto.FLOAT, [1, 1])],
        graph.weights,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version, model.producer_name = 8, "nattsyn"
    onnx.checker.check_model(model)
    return model


def compare(net, path):
    """The largest difference between PyTorch and the written file on noise."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst, generator = 0.0, np.random.default_rng(1)
    for _ in range(8):
        x = generator.uniform(-0.7, 0.7, (1, 1, network.HEIGHT, network.WIDTH)).astype(np.float32)
        with torch.no_grad():
            wanted = net(torch.from_numpy(x))
        for a, b in zip(session.run(["map", "anyone"], {"frame": x}), wanted):
            worst = max(worst, float(np.abs(a - b.numpy()).max()))
    return worst


def main():
    checkpoint, out = sys.argv[1:3]
    net = network.Eye()
    net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    net.eval()
    onnx.save(build(net), out)
    worst = compare(net, out)
    weights = sum(p.numel() for p in net.parameters())
    print(f"{out}: {weights} weights, largest difference from PyTorch {worst:.1e}")
    if worst > 1e-4:
        sys.exit("the exported network differs from the trained one")


if __name__ == "__main__":
    main()
