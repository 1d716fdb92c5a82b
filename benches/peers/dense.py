"""Writes `benches/data/dense.onnx`: one dense 3 x 3 convolution, 64 channels to 64, 80 x 64.

Nothing but multiplications and additions in the order that processors like best: what it reaches
is this machine's dense-convolution rate, and `cargo bench` gives every network's share of it.
Its weights are one constant, so the file is small: `dense.py`, from any folder.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, HEIGHT, WIDTH = 64, 64, 80
OUT = pathlib.Path(__file__).parent.parent / "data" / "dense.onnx"


def main():
    frame = [1, CHANNELS, HEIGHT, WIDTH]
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["weight"],
                         value=numpy_helper.from_array(np.array([0.01], np.float32))),
        helper.make_node("Conv", ["frame", "weight"], ["out"], kernel_shape=[3, 3],
                         pads=[1, 1, 1, 1]),
    ]
    shape = numpy_helper.from_array(np.array([CHANNELS, CHANNELS, 3, 3], np.int64), "shape")
    graph = helper.make_graph(
        nodes, "dense",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, frame)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, frame)],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version, model.producer_name = 8, "nattsyn"
    onnx.checker.check_model(model)
    OUT.parent.mkdir(exist_ok=True)
    onnx.save(model, OUT)


if __name__ == "__main__":
    main()
