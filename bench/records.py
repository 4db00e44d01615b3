#!/usr/bin/env python3
"""A recipe against its peers: runs in turn, quality by a one-sided test, seconds as ratios of medians.

  records.py fashion-mnist --hasten build/release/hasten --python peers/bin/python --data /usr/share/datasets/fashion-mnist \\
             --seeds 5 --out runs/records [--sides fast,speedrun] [--json FILE]

Every side trains once with each seed, all sides with one seed before any with the next. Ours are run directories; logs of peers
are imported as such, so everything is judged by `hasten compare`. Runs that are there are not made again.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

WORKLOADS = {
    "fashion-mnist": {
        "metric": "test/accuracy", "target": 0.935,
        "plain": ["fashion_plain.py", "--epochs", "20"],
        "speedrun": ["image_speedrun.py", "--widths", "32,96,128", "--epochs", "4", "--batch", "1000", "--no-flip",
                     "--translate", "0", "--views", "1"],
    },
    "cifar10": {
        "metric": "test/accuracy", "target": 0.905,
        "resnet18": ["resnet18.py"],
        "speedrun": ["image_speedrun.py"],
    },
    "tiny-shakespeare": {
        "metric": "test/loss", "target": 1.50,
        "nanogpt": ["nanogpt_shakespeare.py"],
        "speedrun": ["text_speedrun.py"],
    },
}
RECIPES = ("baseline", "fast")


def run(command, log):
    with open(log, "w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}; see {log}")


def train_ours(options, workload, side, seed, folder):
    recipe = ROOT / "recipes" / workload / f"{side}.toml"
    run([options.hasten, "train", recipe, "--seed", str(seed), "--out", folder, "--group", side, "--quiet", "--set",
         f"data.path={json.dumps(str(options.data))}"], f"{folder}.log")


def train_peer(options, workload, side, seed, folder):
    script, *settings = WORKLOADS[workload][side]
    lines = f"{folder}.jsonl"
    run([options.python, HERE / "peers" / script, "--data", options.data, "--seed", str(seed), "--out", lines, "--group", side,
         *settings, *options.peer_settings.get(side, [])], f"{folder}.log")
    run([options.hasten, "import", "jsonl", lines, "--mapping", HERE / "peers" / "mapping.toml", "--metric", WORKLOADS[workload]["metric"],
         "--out", folder],
        f"{folder}.import.log")


def last_line(folder, metric):
    """Quality and seconds of training at the end of a run."""
    split, name = metric.split("/")
    last = None
    for events in pathlib.Path(folder).rglob("events.jsonl"):
        for line in events.read_text().splitlines():
            event = json.loads(line)
            for entry in event.get("metrics", []):
                if entry["name"] == name and entry["split"] == split:
                    last = (entry["value"], event["t_train"], event.get("t_total"))
    if last is None:
        sys.exit(f"no {metric} in {folder}")
    return last


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--hasten", default=str(ROOT / "build/release/hasten"))
    parser.add_argument("--python", default=sys.executable, help="with torch, numpy and Pillow")
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", default="runs/records")
    parser.add_argument("--sides", help="of: baseline, fast and the peers (all)")
    parser.add_argument("--peer", action="append", default=[], metavar="SIDE=SETTINGS", help="settings added to a peer's")
    parser.add_argument("--json", help="what was measured")
    options = parser.parse_args()
    options.peer_settings = {one.split("=", 1)[0]: one.split("=", 1)[1].split() for one in options.peer}
    workload = WORKLOADS[options.workload]
    peers = [name for name in workload if name not in ("metric", "target")]
    sides = options.sides.split(",") if options.sides else [*RECIPES, *peers]
    if unknown := set(sides) - {*RECIPES, *peers}:
        parser.error(f"no side {', '.join(sorted(unknown))}; there are {', '.join([*RECIPES, *peers])}")
    out = pathlib.Path(options.out) / options.workload
    out.mkdir(parents=True, exist_ok=True)
    measured = {side: [] for side in sides}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for side in sides:
            folder = out / f"{side}-{seed}"
            if not folder.exists():
                (train_ours if side in RECIPES else train_peer)(options, options.workload, side, seed, str(folder))
            quality, train_s, total_s = last_line(folder, workload["metric"])
            measured[side].append({"seed": seed, "quality": quality, "train_s": train_s, "total_s": total_s})
            print(f"{side:<10} seed {seed}: {quality:.4f} in {train_s:.2f} s", flush=True)
    for side, runs in measured.items():
        values, times = [r["quality"] for r in runs], [r["train_s"] for r in runs]
        spread = statistics.stdev(values) if len(values) > 1 else float("nan")
        print(f"{side:<10} {statistics.mean(values):.4f} +- {spread:.4f}, {statistics.median(times):.2f} s "
              f"({min(times):.2f} to {max(times):.2f})")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"workload": options.workload, "metric": workload["metric"], "cpus": os.cpu_count(), "sides": measured}, indent=1))


main()
