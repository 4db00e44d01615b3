#!/usr/bin/env python3
"""Event files of training runs, read by TensorBoard: every value of events.jsonl, also after a kill and a resume."""

import json
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peer

READER = r"""
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
reader = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
reader.Reload()
print("RESULT", json.dumps({tag: [(e.step, e.value, e.wall_time) for e in reader.Scalars(tag)]
                            for tag in reader.Tags()["scalars"]}))
"""
FIELDS = {"lr": "lr", "epoch": "epoch", "samples": "samples", "flops": "flops", "joules": "joules",
          "t_train": "train_s", "loader_wait": "loader_wait_s"}


def as_float(value):
    value = float(value)
    return struct.unpack("f", struct.pack("f", value))[0] if math.isfinite(value) else value


def expected(run):
    """Tag -> [(step, value)] of events.jsonl."""
    tags = {}
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if "step" not in event:
            continue
        for metric in event.get("metrics", []):
            weights = metric.get("weights", "raw")
            name = metric["name"] if weights == "raw" else f"{metric['name']} ({weights})"
            tags.setdefault(f"{metric['split']}/{name}", []).append((event["step"], as_float(metric["value"])))
        for field, name in FIELDS.items():
            if field in event:
                tags.setdefault(f"progress/{name}", []).append((event["step"], as_float(event[field])))
    return tags


def compare(python, run):
    files = [path for path in run.iterdir() if "tfevents" in path.name]
    assert len(files) == 1, files
    done = subprocess.run([python, "-c", READER, run], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"TensorBoard cannot read the file:\n{done.stderr[-3000:]}")
    got = json.loads(done.stdout.split("RESULT ", 1)[1])
    want = expected(run)
    assert set(got) == set(want), set(got) ^ set(want)
    for tag, rows in want.items():
        assert [(step, value) for step, value, _ in got[tag]] == rows, (tag, got[tag], rows)
        times = [wall for _, _, wall in got[tag]]
        assert times == sorted(times) and abs(times[-1] - time.time()) < 3600, (tag, times)
    return sum(len(rows) for rows in want.values())


def main():
    options = peer.arguments()
    python = peer.environment(options.environments, "tensorboard", ["tensorboard", "setuptools<81"],
                              "tensorboard.backend.event_processing.event_accumulator")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = compare(python, peer.train(options.hasten, folder))
        # Killed in the middle, and resumed.
        (folder / "b").mkdir()
        recipe = folder / "b" / "r.toml"
        recipe.write_text(peer.RECIPE.format(epochs=60) + '[checkpoint]\nevery = "2ep"\n')
        run = folder / "b" / "run"
        command = [options.hasten, "train", recipe, "--out", run, "--quiet"]
        process = subprocess.Popen(command)
        while not list(run.glob("checkpoints/step-*")) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.3)
        killed = process.poll() is None
        os.kill(process.pid, signal.SIGKILL) if killed else None
        process.wait()
        at_kill = subprocess.run([python, "-c", READER, run], capture_output=True, text=True)
        assert at_kill.returncode == 0, at_kill.stderr
        steps = [step for step, _, _ in json.loads(at_kill.stdout.split("RESULT ", 1)[1])["train/loss"]]
        assert steps, "nothing to read after the kill"
        if killed:
            subprocess.run([*command, "--resume"], check=True)
        count += compare(python, run)
    print(f"TensorBoard reads {count} values as events.jsonl has them"
          f"{', also of a run that was killed and resumed' if killed else ''}")


if __name__ == "__main__":
    main()
