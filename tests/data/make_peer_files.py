#!/usr/bin/env python3
"""Writes the small files in ffcv/ and streaming/ with the real writers of FFCV and MosaicML Streaming.

  python3 make_peer_files.py OUT [ffcv] [streaming]

Both install from PyPI without their dependencies on CUDA and clouds: `pip install --no-deps ffcv mosaicml-streaming`
(FFCV builds with libturbojpeg0-dev and libopencv-dev), then torch, numpy, pillow, numba, opencv-python-headless, tqdm,
pandas, fastargs, terminaltables, assertpy, catalogue, zstd, xxhash, requests and psutil. The files in the repository
were made by ffcv 1.0.2 and mosaicml-streaming 0.13.0 (both Apache-2.0); the images are made up here.
Exit status 77: a writer is not installed.
"""

import gzip
import importlib.abc
import importlib.machinery
import json
import sys
import types
from pathlib import Path

COUNT = 12


def image(i, channels=3):
    """Image i: a gradient that its number moves, 8 + i wide and 10 high."""
    import numpy as np
    width, height = 8 + i, 10
    rows, columns, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((rows * 11 + columns * 7 + channel * 50 + i * 17) % 256).astype(np.uint8)


class Images:
    """What FFCV's writer wants: samples by their number."""

    def __init__(self, pick):
        self.pick = pick

    def __len__(self):
        return COUNT

    def __getitem__(self, i):
        return self.pick(int(i))


def write_ffcv(out):
    import numpy as np
    from ffcv.fields import BytesField, FloatField, IntField, JSONField, NDArrayField, RGBImageField
    from ffcv.writer import DatasetWriter
    files = {
        "raw.beton": ({"image": RGBImageField(write_mode="raw"), "label": IntField()},
                      lambda i: (image(i), i % 5)),
        "jpg.beton": ({"image": RGBImageField(write_mode="jpg", jpeg_quality=90), "label": IntField()},
                      lambda i: (image(i), i % 5)),
        # Fields of every kind before, between and behind those that are read.
        "fields.beton": ({"weight": FloatField(), "note": BytesField(), "image": RGBImageField(write_mode="raw"),
                          "vector": NDArrayField(np.dtype("float32"), (3,)), "index": IntField(),
                          "meta": JSONField(), "label": IntField()},
                         lambda i: (float(i), np.frombuffer(b"note %d" % i, np.uint8), image(i),
                                    np.full(3, i, np.float32), 100 + i, {"i": i}, i % 5)),
    }
    for name, (fields, pick) in files.items():
        path = out / name
        DatasetWriter(str(path), fields, page_size=1 << 21, num_workers=1).from_indexed_dataset(Images(pick))
        # Two pages of 2 MiB, nearly all of them zeros.
        (out / (name + ".gz")).write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        path.unlink()


def write_streaming(out):
    import numpy as np
    from PIL import Image
    from streaming import MDSWriter
    words = "the quick brown fox jumps over the lazy dog".split()
    sets = {
        "jpeg": ({"image": "jpeg", "label": "int"}, {}, lambda i: {"image": Image.fromarray(image(i)), "label": i % 5}),
        "png-zstd": ({"image": "png", "label": "int32", "weight": "float32"}, {"compression": "zstd:7", "hashes": ["xxh64"]},
                     lambda i: {"image": Image.fromarray(image(i)), "label": np.int32(i % 5), "weight": np.float32(i)}),
        "pil-gz": ({"image": "pil", "label": "str_int"}, {"compression": "gz"},
                   lambda i: {"image": Image.fromarray(image(i, 1)[:, :, 0] if i % 2 else image(i)), "label": i % 5}),
        "array": ({"x": "ndarray:uint8", "y": "uint8"}, {}, lambda i: {"x": image(i), "y": np.uint8(i % 5)}),
        "bytes": ({"image": "bytes", "class": "int", "meta": "json", "object": "pkl"}, {},
                  lambda i: {"image": b"\xff\xd8\xff\xe0 no real image", "class": i % 5, "meta": {"i": i}, "object": {i}}),
        "text": ({"text": "str", "length": "int"}, {"size_limit": 500},
                 lambda i: {"text": " ".join(words[:i % 9 + 1]), "length": i}),
        "tokens": ({"tokens": "ndarray:uint16"}, {}, lambda i: {"tokens": np.arange(i + 1, dtype=np.uint16) * 1000}),
    }
    for name, (columns, options, sample) in sets.items():
        with MDSWriter(out=str(out / name), columns=columns, **options) as writer:
            for i in range(COUNT):
                writer.write(sample(i))


class Missing(types.ModuleType):
    """Stands for modules of clouds and tokenizers, which Streaming imports but its writer does not use."""
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes up the modules that are not installed, so that `pip install --no-deps` is enough."""
    OPTIONAL = {"transformers", "datasets", "torchvision", "boto3", "botocore", "google", "oci", "azure", "paramiko",
                "snappy", "brotli"}

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.OPTIONAL:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Missing(spec.name)

    def exec_module(self, module):
        pass


def main():
    out = Path(sys.argv[1])
    which = sys.argv[2:] or ["ffcv", "streaming"]
    versions = {}
    sys.meta_path.append(Stubs())  # last: only for what is not there
    try:
        from importlib.metadata import version
        if "ffcv" in which:
            (out / "ffcv").mkdir(parents=True, exist_ok=True)
            versions["ffcv"] = version("ffcv")
            write_ffcv(out / "ffcv")
        if "streaming" in which:
            versions["mosaicml-streaming"] = version("mosaicml-streaming")
            write_streaming(out / "streaming")
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        sys.exit(77)
    (out / "made_by.json").write_text(json.dumps(versions) + "\n")


if __name__ == "__main__":
    main()
