"""What our scores are compared with: scores that know nothing, and detectors made by others.

A trivial score is any number a light meter could give. A comparison that one of them wins says
nothing about eyes. The detectors are COCO models as ONNX files in onnxruntime on one thread; the
score of a picture is its highest person score. Each is fed as its own project feeds it.
"""

import hashlib
import json
import pathlib

import cv2
import numpy as np
import onnxruntime

# How NanoDet and PicoDet were trained to be fed, blue, green, red.
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
TRIVIAL = ("mean", "contrast", "sharpness")
# A comparison counts only if no trivial score, in its better direction, is above this.
FAIR = 0.80
FILES = {"YOLOX-nano": "yolox_nano.onnx", "NanoDet-m": "nanodet_m_416.onnx",
         "PicoDet-s": "picodet_s_416.onnx", "FastestDet": "FastestDet.onnx"}
# As the picture is, and after a contrast stretch: a dark picture need not be fed dark.
WAYS = ("as is", "stretched")


def trivial(luma):
    """Mean, contrast and sharpness of a picture reduced to 160 x 128."""
    small = cv2.resize(luma, (160, 128), interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, (1, 99))
    edges = np.abs(np.diff(small, axis=1)).mean() / max(high - low, 1)
    return {"mean": float(small.mean()), "contrast": float(high - low), "sharpness": float(edges)}


def stretched(luma):
    """Contrast from the 1st to the 99.5th percentile."""
    low, high = np.percentile(luma, 1), np.percentile(luma, 99.5)
    scaled = (luma.astype(np.float32) - low) * 255 / max(high - low, 1)
    return np.clip(scaled, 0, 255).astype(np.uint8)


class Peers:
    """The detectors in a folder."""

    def __init__(self, folder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.sessions, made_of = {}, hashlib.sha256(pathlib.Path(__file__).read_bytes())
        for name, file in FILES.items():
            path = pathlib.Path(folder) / file
            if not path.is_file():
                raise SystemExit(f"peers: {path} is missing; leave PEERS empty to go without")
            made_of.update(path.read_bytes())
            self.sessions[name] = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"])
        self.digest = made_of.hexdigest()

    def scores(self, luma):
        """The highest person score of every detector, fed both ways."""
        found = {}
        for way, picture in zip(WAYS, (luma, stretched(luma))):
            for name in self.sessions:
                found[f"{name}, {way}"] = self.score(name, picture)
        return found

    def score(self, name, luma):
        """The highest person score of one detector."""
        session, colour = self.sessions[name], cv2.merge([luma] * 3)
        fed = {session.get_inputs()[0].name: prepared(name, colour)}
        out = session.run(None, fed)
        if name == "YOLOX-nano":
            return float((out[0][0][:, 4] * out[0][0][:, 5]).max())
        if name == "FastestDet":
            return float((out[0][0][0] ** 0.6 * out[0][0][5] ** 0.4).max())
        levels = out[: 3 if name == "NanoDet-m" else 4]
        return float(max(level[0][:, 0].max() for level in levels))


class Kept:
    """Scores of earlier runs: the same detectors say the same of the same pixels.

    Kept by the digest of a picture's pixels, of the detectors' files and of this file, so that a
    change in any of them asks anew.
    """

    def __init__(self, path, peers):
        self.path, self.peers, self.found = path, peers, {}
        if path.exists():
            stored = json.loads(path.read_text())
            if stored.get("detectors") == peers.digest:
                self.found = stored["scores"]

    def scores(self, digest, picture):
        """The scores of the picture with this digest; `picture` gives it if it is needed."""
        if digest not in self.found:
            self.found[digest] = self.peers.scores(picture())
        return self.found[digest]

    def write(self):
        """Keeps what was found."""
        stored = {"detectors": self.peers.digest, "scores": self.found}
        self.path.write_text(json.dumps(stored))


def prepared(name, colour):
    """A picture as the detector of this name wants it."""
    if name == "YOLOX-nano":
        height, width = colour.shape[:2]
        scale = min(416 / height, 416 / width)
        picture = np.full((416, 416, 3), 114, np.uint8)
        small = cv2.resize(colour, (int(width * scale), int(height * scale)))
        picture[: small.shape[0], : small.shape[1]] = small
    elif name == "FastestDet":
        picture = cv2.resize(colour, (352, 352)).astype(np.float32) / 255
    else:
        picture = (cv2.resize(colour, (416, 416)) - MEAN) / DEVIATION
    return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None])
