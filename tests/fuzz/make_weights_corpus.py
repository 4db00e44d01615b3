#!/usr/bin/env python3
"""Writes the corpora of the safetensors, checkpoint and recipe targets: small files of each kind, whole and broken."""

import json
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent


def file_of(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors():
    two = {"a.weight": entry("F32", [2, 3], 0, 24), "a.bias": entry("BF16", [3], 24, 30)}
    yield "two", file_of({**two, "__metadata__": {"format": "pt", "step": "12"}}, bytes(range(30)))
    yield "empty", file_of({}, b"")
    yield "padded", file_of(b'{"s":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}   ', b"x")
    yield "no_elements", file_of({"z": entry("I64", [0, 4], 0, 0), "b": entry("BOOL", [2], 0, 2)}, b"\0\1")
    yield "overlap", file_of({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, b"abcdef")
    yield "gap", file_of({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 3, 5)}, b"abcde")
    yield "half_bytes", file_of({"a": entry("F4", [4], 0, 2), "b": entry("F6_E2M3", [4], 2, 5)}, b"abcde")
    yield "twice", file_of(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                           b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x")
    yield "huge_shape", file_of({"a": entry("F32", [2**62, 2**62], 0, 4)}, b"abcd")
    yield "huge_length", struct.pack("<Q", 2**63) + b"{}"
    yield "deep", file_of(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", b"")


def checkpoint(values, **metadata):
    part = {"part/weight": entry("F32", [2], 0, 8), "part/list/0": entry("U8", [1], 8, 9),
            "part/named/0/value": entry("I64", [], 9, 17), "digest.xxh3": entry("U8", [8], 17, 25)}
    texts = {"format": "hasten-checkpoint", "version": "1", "recipe_hash": "00", "seed": "3", "step": "4",
             "generation": "0", "events_offset": "5", **metadata, "values": json.dumps(values)}
    return b"\0" + file_of({**part, "__metadata__": texts}, bytes(25))


def checkpoints():
    values = {"part/late": None, "part/list/count": 1, "part/named/count": 1, "part/named/0/name": "w",
              "part/count": 7, "part/number": 0.5, "part/flag": 1, "part/text": "t", "part/order": [2, 1]}
    yield "whole", checkpoint(values)
    yield "hostile_count", checkpoint({**values, "part/list/count": 2**60})
    yield "negative_count", checkpoint({**values, "part/named/count": -1})
    yield "other_kinds", checkpoint({**values, "part/text": 4})
    yield "no_values", checkpoint([])
    yield "newer", checkpoint(values, version="9")
    yield "no_number", checkpoint(values, step="x")
    yield "bad_digest", b"\1" + checkpoint(values)[1:]


RECIPE = """name = "r"
[workload]
dataset = "synthetic"
metric = "test/accuracy"
target = 0.9
[model]
family = "convnet"
widths = [8, 16]
init = "w.safetensors"
init_skip = ["head.*"]
[optimizer]
name = "sgd"
lr = 0.1
[[group]]
match = "*.bias"
roles = ["bias"]
lr_scale = 2.0
[schedule]
lr = [["0dur", 0.2], ["0.2dur", 1.0], ["1dur", 0.0]]
"optimizer.momentum" = {shape = "step", points = [["0dur", 0.85], ["300step", 0.95]]}
[budget]
train = "8ep"
[[method]]
name = "ema"
half_life = "0.1dur"
"""


def recipes():
    yield "toml", b"\0" + RECIPE.encode()
    yield "toml_short", b'\0[workload]\ndataset="mnist"\n[model]\nfamily="torchscript"\npath="m.pt"\n' \
                        b'[optimizer]\nname="muon"\n[optimizer.auxiliary]\nname="adamw"\n[budget]\ntrain="1e6sample"\n'
    yield "toml_arrays", b"\0model = [[1, {a = []}], 2]\n[[method]]\n[[method]]\nname = [1]\n"
    yield "json", b"\1" + json.dumps({
        "workload": {"dataset": "synthetic", "metric": "validation/loss", "target": "<= 0.5"},
        "model": {"family": "resnet", "depth": 20}, "optimizer": {"name": "adamw", "lr": 1e-3},
        "data": {"validation": 100}, "budget": {"train": "90s"},
        "method": [{"name": "label_smoothing", "amount": 0.1}]}).encode()
    yield "json_text", b'\1"name"'
    yield "json_kinds", b'\1{"workload":[],"model":{"family":1},"group":[{"roles":{}}],"method":[4]}'


def main():
    for folder, files in (("weights", safetensors()), ("checkpoint", checkpoints()), ("recipes", recipes())):
        (HERE / folder).mkdir(exist_ok=True)
        for name, data in files:
            (HERE / folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
