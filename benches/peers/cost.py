"""Processor milliseconds of networks in onnxruntime, one thread, on the pictures of one folder.

    cost.py PICTURES ROUNDS NAME FILE CHANNELSxHEIGHTxWIDTH SCALE [NAME FILE SHAPE SCALE ...]

PICTURES holds binary PGM files. Prints a line for each network, name and milliseconds with a
tabulator between: the median over the rounds of the mean over the pictures, the networks taking
turns within a round. `cargo bench -p nattsyn-benches --bench eye` starts it with what it has
measured itself, so nothing is fixed here. How well a network sees is not measured here.
"""

import pathlib
import statistics
import sys
import time

import numpy as np
import onnxruntime


def read(path):
    """A binary PGM of 8 bits, as an array."""
    kind, size, most, pixels = path.read_bytes().split(b"\n", 3)
    if kind != b"P5" or most != b"255":
        raise SystemExit(f"cost.py: {path} is no binary PGM of 8 bits")
    width, height = map(int, size.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width)


def fed(picture, shape, scale):
    """The picture at the network's size by the nearest pixel, the same in every channel."""
    channels, height, width = shape
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    levels = picture[rows[:, None], columns[None]].astype(np.float32) * np.float32(scale)
    return np.ascontiguousarray(np.broadcast_to(levels, (1, channels, height, width)))


def session(path):
    """The network on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    folder, rounds, networks = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    pictures = [read(path) for path in sorted(folder.glob("*.pgm"))]
    ready = []
    for name, path, shape, scale in zip(*[iter(networks)] * 4, strict=True):
        network, shape = session(path), tuple(map(int, shape.split("x")))
        given = [{network.get_inputs()[0].name: fed(picture, shape, float(scale))}
                 for picture in pictures]
        network.run(None, given[0])
        ready.append((name, network, given, []))
    for _ in range(rounds):
        for _, network, given, times in ready:
            began = time.process_time()
            for each in given:
                network.run(None, each)
            times.append((time.process_time() - began) * 1000 / len(given))
    for name, _, _, times in ready:
        print(f"{name}\t{statistics.median(times):.3f}")


if __name__ == "__main__":
    main()
