#!/usr/bin/env python3
"""A recipe against its peers: runs in turn, quality by a one-sided test, seconds as ratios of medians.

  records.py fashion-mnist --python peers/bin/python [--sides fast,speedrun] [--seeds 5] [--ablate] [--readme]

Every side trains once with each seed, all sides with one seed before any with the next. Ours are run directories; logs of peers
are imported as such, so `hasten compare` judges all of them. Runs that ended are not made again.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

# What stands against a recipe: a script of bench/peers with its settings, and what it is.
WORKLOADS = {
    "fashion-mnist": {
        "title": "Fashion-MNIST", "dataset": "fashion-mnist", "metric": "test/accuracy", "target": 0.935,
        "peers": {
            "speedrun": (["image_speedrun.py", "--widths", "32,96,128", "--epochs", "3", "--batch", "1000", "--no-flip",
                          "--translate", "0", "--views", "1"], "airbench94-Muon, ported to these images, in PyTorch"),
            "plain": (["fashion_plain.py", "--epochs", "20"], "the convolutional network of PyTorch's examples, Adam, 20 epochs"),
        },
    },
    "cifar10": {
        "title": "CIFAR-10", "dataset": "cifar-10", "metric": "test/accuracy", "target": 0.905,
        "peers": {
            "speedrun": (["image_speedrun.py"], "airbench94-Muon in PyTorch"),
            "resnet18": (["resnet18.py"], "ResNet-18, SGD, one cycle, in PyTorch"),
        },
    },
    "tiny-shakespeare": {
        "title": "Tiny Shakespeare", "dataset": "tiny-shakespeare", "metric": "test/loss", "target": 1.50,
        "peers": {
            "speedrun": (["text_speedrun.py"], "the parts of modded-nanogpt, for this text, in PyTorch"),
            "nanogpt": (["nanogpt_shakespeare.py"], "nanoGPT's configuration for CPUs, in PyTorch"),
        },
    },
}
RECIPES = {"fast": "the record", "baseline": "what a careful practitioner writes"}
WITHOUT = "fast-without-"


# Threads that wait awake for the next operator: both sides gain a tenth to a fifth by it.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "ACTIVE"}


def run(command, log):
    with open(log, "w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}; see {log}")


def recipe_of(workload, side):
    return ROOT / "recipes" / workload / ("fast.toml" if side.startswith(WITHOUT) else f"{side}.toml")


def methods_of(workload):
    return [method["name"] for method in tomllib.loads(recipe_of(workload, "fast").read_text())["method"]]


def train_ours(options, workload, side, seed, folder):
    left_out = ["--without", side.removeprefix(WITHOUT)] if side.startswith(WITHOUT) else []
    run([options.hasten, "train", recipe_of(workload, side), *left_out, "--seed", str(seed), "--out", folder, "--group", side,
         "--quiet", "--set", f"data.path={json.dumps(str(options.data))}"], f"{folder}.log")


def train_peer(options, workload, side, seed, folder):
    script, *settings = WORKLOADS[workload]["peers"][side][0]
    lines = f"{folder}.jsonl"
    run([options.python, HERE / "peers" / script, "--data", options.data, "--seed", str(seed), "--out", lines, "--group", side,
         *settings, *options.peer_settings.get(side, [])], f"{folder}.log")
    metric = WORKLOADS[workload]["metric"]
    run([options.hasten, "import", "jsonl", lines, "--mapping", HERE / "peers" / "mapping.toml", "--metric", metric, "--workload",
         f"{WORKLOADS[workload]['dataset']}/{metric}", "--out", folder], f"{folder}.import.log")


def measured_in(folder, metric):
    """Quality and cost at the end of a run; None of one that did not come so far."""
    split, name = metric.split("/")
    last = None
    for events in pathlib.Path(folder).rglob("events.jsonl"):
        for line in events.read_text().splitlines():
            event = json.loads(line)
            for entry in event.get("metrics", []):
                if entry["name"] == name and entry["split"] == split:
                    last = {"quality": entry["value"], "train_s": event["t_train"], "flops": event.get("flops")}
    return last


def chances_of_missing(options, folders, metric, target):
    """By side, how likely qualities as good as these are where the mean just misses the target: `hasten compare` tells."""
    done = subprocess.run([options.hasten, "compare", *map(str, folders), "--baseline", "fast", "--metric", metric, "--target", str(target),
                           "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return {group["name"]: group["points"][group["headline"]].get("p")
            for group in json.loads(done.stdout)["comparisons"][0]["groups"]}


def shown(value, metric):
    return f"{100 * value:.2f}%" if metric.endswith("accuracy") else f"{value:.4f}"


def seconds(runs):
    times = [r["train_s"] for r in runs]
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def quality(runs, metric):
    values = [r["quality"] for r in runs]
    spread = f" ± {shown(statistics.stdev(values), metric)}" if len(values) > 1 else ""
    return shown(statistics.mean(values), metric) + spread


def readme_of(options, workload, measured, chances, environment):
    facts = WORKLOADS[workload]
    metric, target = facts["metric"], facts["target"]
    fast = statistics.median(r["train_s"] for r in measured["fast"])
    lines = [f"# {facts['title']}: {metric} {shown(target, metric)}", "",
             "Written by `bench/records.py --readme` from the runs it made; not by hand.", "",
             f"| side | {metric} | runs | p that the mean misses the target | seconds of training: median (range) | TFLOPs | "
             "times the record's seconds |",
             "|---|---|---|---|---|---|---|"]
    texts = {**RECIPES, **{name: text for name, (_, text) in facts["peers"].items()}}
    for side, runs in measured.items():
        if side.startswith(WITHOUT):
            continue
        flops = f"{statistics.median(r['flops'] for r in runs) / 1e12:.1f}" if runs[0]["flops"] else "not counted"
        p = chances[side]
        lines.append(f"| {side}: {texts[side]} | {quality(runs, metric)} | {len(runs)} | {'-' if p is None else f'{p:.2g}'} | "
                     f"{seconds(runs)} | {flops} | {statistics.median(r['train_s'] for r in runs) / fast:.2f} |")
    left_out = {side.removeprefix(WITHOUT): runs for side, runs in measured.items() if side.startswith(WITHOUT)}
    if left_out:
        lines += ["", "## What each method contributes", "", "The record without one of its methods, same budget, same seeds.", "",
                  f"| without | {metric} | runs | change of {metric} | seconds of training |", "|---|---|---|---|---|"]
        for name, runs in left_out.items():
            seeds = {r["seed"] for r in runs}
            pairs = [r for r in measured["fast"] if r["seed"] in seeds]
            change = statistics.mean(r["quality"] for r in runs) - statistics.mean(r["quality"] for r in pairs)
            sign = "+" if change > 0 else "-"
            lines.append(f"| {name} | {quality(runs, metric)} | {len(runs)} | {sign}{shown(abs(change), metric)} | {seconds(runs)} |")
    lines += ["", "## Environment and command", "", environment, "", "```",
              f"bench/records.py {workload} --seeds {options.seeds}"
              f"{' --sides ' + options.sides if options.sides else ''}{' --ablate' if options.ablate else ''} --readme", "```", ""]
    return "\n".join(lines)


def environment_of(folder):
    record = json.loads(next(pathlib.Path(folder).rglob("run.json")).read_text())
    hardware, software = record["hardware"], record["software"]
    return (f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['threads']} threads; LibTorch "
            f"{software['libraries']['libtorch']}, {software['system'].split(',')[0]}, {software['build_flags']}; "
            f"{record['started_at'][:10]}, commit {software['commit'][:12]}"
            f"{' and changes to it' if software['uncommitted_changes'] else ''}. Seconds are those of training, without loading data and "
            "evaluating, with OMP_WAIT_POLICY=ACTIVE, on both sides alike.")


def data_of(dataset):
    """Where `hasten data fetch` puts a data set, and others do; of a text the file."""
    for folder in (os.environ.get("HASTEN_DATA"), ROOT / "data", "/usr/share/datasets"):
        path = pathlib.Path(folder or "") / dataset
        if folder and path.is_dir():
            texts = sorted(path.glob("*.txt"))
            return str(texts[0] if texts else path)
    sys.exit(f"no {dataset} here: hasten data fetch {dataset}, or --data")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--hasten", default=str(ROOT / "build/release/hasten"))
    parser.add_argument("--python", default=sys.executable, help="with torch, numpy and Pillow")
    parser.add_argument("--data", help="where the data set lies (else where `hasten data fetch` puts it)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", default="runs/records")
    parser.add_argument("--sides", help="of: baseline, fast and the peers (all)")
    parser.add_argument("--ablate", action="store_true", help="also the record without each of its methods")
    parser.add_argument("--ablation-seeds", type=int, default=2)
    parser.add_argument("--peer", action="append", default=[], metavar="SIDE=SETTINGS", help="settings added to a peer's")
    parser.add_argument("--readme", action="store_true", help="write README.md beside the recipe")
    options = parser.parse_args()
    options.data = options.data or data_of(WORKLOADS[options.workload]["dataset"])
    options.peer_settings = {one.split("=", 1)[0]: one.split("=", 1)[1].split() for one in options.peer}
    facts = WORKLOADS[options.workload]
    known = [*RECIPES, *facts["peers"]]
    sides = options.sides.split(",") if options.sides else known
    if unknown := set(sides) - set(known):
        parser.error(f"no side {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if options.readme and "fast" not in sides:
        parser.error("--readme is about the record: --sides has to name fast")
    seeds_of = dict.fromkeys(sides, options.seeds)
    if options.ablate:
        seeds_of.update({WITHOUT + name: options.ablation_seeds for name in methods_of(options.workload)})
    out = pathlib.Path(options.out) / options.workload
    out.mkdir(parents=True, exist_ok=True)
    measured = {side: [] for side in seeds_of}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for side, seeds in seeds_of.items():
            if seed - options.first_seed >= seeds:
                continue
            folder = out / f"{side}-{seed}"
            ended = measured_in(folder, facts["metric"])
            if ended is None:
                shutil.rmtree(folder, ignore_errors=True)  # what an interruption left
                (train_peer if side in facts["peers"] else train_ours)(options, options.workload, side, seed, str(folder))
                ended = measured_in(folder, facts["metric"])
            last = {"seed": seed, **ended}
            measured[side].append(last)
            print(f"{side:<34} seed {seed}: {last['quality']:.4f} in {last['train_s']:.2f} s", flush=True)
    for side, runs in measured.items():
        print(f"{side:<34} {quality(runs, facts['metric'])}, {seconds(runs)} s")
    if options.readme:
        target = ROOT / "recipes" / options.workload / "README.md"
        folders = [out / f"{side}-{run['seed']}" for side, runs in measured.items() for run in runs]
        chances = chances_of_missing(options, folders, facts["metric"], facts["target"])
        target.write_text(readme_of(options, options.workload, measured, chances, environment_of(out / f"fast-{options.first_seed}")))


main()
