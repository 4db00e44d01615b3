#!/usr/bin/env python3
"""bench/records.py and the peers, a few steps each: runs are made once, anew where their settings changed, and end in a table; the
peers train, evaluate and can be held to a part of the training data. Status 77 without a Python that has torch and numpy."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIP = 77
FASHION = Path("/usr/share/datasets/fashion-mnist")


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def ran(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    check(done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def records_test(options, folder):
    def records(steps):
        return ran([sys.executable, "-B", ROOT / "bench/records.py", "fashion-mnist", "--hasten", options.hasten, "--python", options.python,
                    "--data", FASHION, "--goals", "1", "--seeds", "2", "--out", folder, "--settings",
                    f"fast=--set budget.train={steps}step --set model.widths=[4,4]", "--settings",
                    "speedrun=--epochs 0.05 --widths 4,4,4"])

    def made():
        return {path.name: path.stat().st_mtime_ns for path in (folder / "fashion-mnist").glob("*.made")}

    text, first = records(3), made()
    check(sorted(first) == ["fast-0.made", "fast-1.made", "speedrun-0.made", "speedrun-1.made"], f"four runs, not {sorted(first)}")
    check(text.count("of evaluation\n") == 4, f"a line a run:\n{text}")
    row = next(line for line in text.splitlines() if line.startswith("| 93.50% | speedrun | 2 |"))
    check(row.endswith("| 1.6 |") and "(" in row.split("|")[5], f"how much sooner, with its spread: {row}")
    check(records(3) == text and made() == first, "runs that are there are not made again")
    records(4)
    changed = {name for name, when in made().items() if when != first[name]}
    check(changed == {"fast-0.made", "fast-1.made"}, f"other settings make a side anew, not {changed}")
    events = (folder / "fashion-mnist/fast-0/events.jsonl").read_text().splitlines()
    check(any(json.loads(line).get("step") == 4 for line in events), "of as many steps as were asked for")


def peers_test(options, folder):
    text = folder / "text.txt"
    text.write_text("".join(f"{i * i % 97} and {i % 13} make {i % 7}.\n" for i in range(3000)))
    for script, data, settings, metric in (
            ("text_speedrun.py", text, ["--steps", "2"], "loss"), ("nanogpt_shakespeare.py", text, ["--steps", "2"], "loss"),
            ("image_speedrun.py", FASHION, ["--epochs", "0.04", "--widths", "4,4,4", "--batch", "1000", "--no-flip"], "accuracy")):
        found = []
        for more in ([], ["--validation"]):
            out = folder / "peer.jsonl"
            ran([options.python, "-B", ROOT / "bench/peers" / script, "--data", data, "--out", out, *settings, *more])
            lines = [json.loads(line) for line in out.read_text().splitlines()]
            check(len(lines) == 1 and lines[0]["step"] == lines[0]["planned_steps"] == 2, f"{script} ends after two steps: {lines}")
            check(lines[0]["t_train"] > 0 and lines[0]["t_eval"] > 0, f"{script} has its clocks: {lines}")
            found.append(lines[0][metric])
        check(found[0] != found[1], f"{script} is held to other data by --validation: {found}")


def has_torch(python):
    try:
        return subprocess.run([python, "-c", "import numpy, torch"], capture_output=True).returncode == 0
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--python", required=True)
    options = parser.parse_args()
    if not FASHION.exists():
        print("no Fashion-MNIST here (apt-get install dataset-fashion-mnist)")
        sys.exit(SKIP)
    if not has_torch(options.python):
        print(f"{options.python} has no torch and numpy")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as folder:
        records_test(options, Path(folder))
        peers_test(options, Path(folder))


main()
