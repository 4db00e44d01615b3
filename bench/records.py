#!/usr/bin/env python3
"""Recipes against their peers: runs in turn, quality by a one-sided test, seconds as ratios.

  records.py fashion-mnist --python peers/bin/python [--goals 1,2] [--seeds 5] [--ablate] [--readme]

A goal is a quality that a recipe of ours and a peer both have to reach, and how much sooner ours should. Every side trains once with
each seed, all sides with one seed before any with the next. Ours are run directories; logs of peers are imported as such, so
`hasten compare` judges all of them. Runs that ended are not made again, unless the recipe, the script, their settings or the program
have changed. Seconds are those of training and of the evaluation that is reported; data are loaded before.
"""
import argparse
import dataclasses
import hashlib
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


@dataclasses.dataclass(frozen=True)
class Side:
    """What is trained: a recipe with changes to it, or a script of bench/peers with its settings."""
    text: str
    recipe: str = ""
    script: str = ""
    settings: tuple = ()
    at_best: bool = False  # counts until its best evaluation, and those before it not at all


@dataclasses.dataclass(frozen=True)
class Goal:
    target: float
    record: str
    peer: str
    sooner: float  # the peer's seconds over the record's, at least


@dataclasses.dataclass(frozen=True)
class Workload:
    title: str
    dataset: str
    metric: str
    sides: dict
    goals: tuple

    @property
    def higher_is_better(self):
        return self.metric.endswith("accuracy")


WORKLOADS = {
    "fashion-mnist": Workload(
        "Fashion-MNIST", "fashion-mnist", "test/accuracy",
        {"fast": Side("the record", recipe="fast"),
         "baseline": Side("what a careful practitioner writes", recipe="baseline"),
         "speedrun": Side("airbench94-Muon, ported to these images, in PyTorch", script="image_speedrun.py",
                          settings=("--widths", "32,96,128", "--epochs", "3", "--batch", "1000", "--no-flip", "--translate", "0",
                                    "--views", "1")),
         "plain": Side("the convolutional network of PyTorch's examples, Adam, at its best of 20 epochs", script="fashion_plain.py",
                       settings=("--epochs", "20", "--evaluate", "938"), at_best=True)},
        (Goal(0.935, "fast", "speedrun", 1.6), Goal(0.925, "fast", "plain", 10))),
    "cifar10": Workload(
        "CIFAR-10", "cifar-10", "test/accuracy",
        {"fast": Side("the record", recipe="fast"),
         "baseline": Side("what a careful practitioner writes", recipe="baseline"),
         "speedrun": Side("airbench94-Muon in PyTorch", script="image_speedrun.py"),
         "resnet18": Side("ResNet-18, SGD, one cycle, in PyTorch", script="resnet18.py")},
        (Goal(0.905, "fast", "speedrun", 1.6), Goal(0.905, "fast", "resnet18", 15))),
    "tiny-shakespeare": Workload(
        "Tiny Shakespeare", "tiny-shakespeare", "test/loss",
        {"fast": Side("the record", recipe="fast"),
         "baseline": Side("what a careful practitioner writes", recipe="baseline"),
         "speedrun": Side("the parts of modded-nanogpt, for this text, in PyTorch", script="text_speedrun.py"),
         "nanogpt": Side("nanoGPT's configuration for CPUs, in PyTorch", script="nanogpt_shakespeare.py")},
        (Goal(1.50, "fast", "speedrun", 1.6), Goal(1.88, "fast", "nanogpt", 12))),
}
WITHOUT = "fast-without-"

# Threads that wait awake for the next operator: both sides gain a tenth to a fifth by it.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "ACTIVE"}


def run(command, log):
    with open(log, "w") as out:
        done = subprocess.run(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}; see {log}")


class Session:
    """The runs of a workload, below one folder."""

    def __init__(self, options):
        self.options, self.workload = options, WORKLOADS[options.workload]
        self.out = pathlib.Path(options.out) / options.workload
        self.out.mkdir(parents=True, exist_ok=True)
        self.version = subprocess.run([options.hasten, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def recipe(self, side):
        return ROOT / "recipes" / self.options.workload / f"{side.recipe}.toml"

    def side(self, name):
        if name.startswith(WITHOUT):
            fast = self.workload.sides["fast"]
            return dataclasses.replace(fast, settings=(*fast.settings, "--without", name.removeprefix(WITHOUT)))
        side = self.workload.sides[name]
        return dataclasses.replace(side, settings=(*side.settings, *self.options.settings.get(name, ())))

    def folder(self, name, seed):
        return self.out / f"{name}-{seed}"

    def command(self, name, seed, into):
        side = self.side(name)
        if side.script:
            return [self.options.python, HERE / "peers" / side.script, "--data", self.options.data, "--seed", seed, "--out", into,
                    "--group", name, *side.settings]
        return [self.options.hasten, "train", self.recipe(side), *side.settings, "--seed", seed, "--out", into, "--group", name,
                "--quiet", "--set", f"data.path={json.dumps(str(self.options.data))}"]

    def made_of(self, name, seed):
        """What a run depends on, in a few characters."""
        side = self.side(name)
        sources = [HERE / "peers" / side.script, HERE / "peers" / "common.py"] if side.script else [self.recipe(side)]
        parts = [" ".join(map(str, self.command(name, seed, "-"))), "" if side.script else self.version]
        return hashlib.sha256("\n".join(parts + [source.read_text() for source in sources]).encode()).hexdigest()

    def train(self, name, seed):
        folder = self.folder(name, seed)
        shutil.rmtree(folder, ignore_errors=True)  # what an interruption or other settings left
        if not self.side(name).script:
            run(self.command(name, seed, folder), f"{folder}.log")
        else:
            lines, metric = f"{folder}.jsonl", self.workload.metric
            run(self.command(name, seed, lines), f"{folder}.log")
            run([self.options.hasten, "import", "jsonl", lines, "--mapping", HERE / "peers" / "mapping.toml", "--metric", metric,
                 "--workload", f"{self.workload.dataset}/{metric}", "--out", folder], f"{folder}.import.log")
        pathlib.Path(f"{folder}.made").write_text(self.made_of(name, seed))

    def result(self, name, seed):
        """Quality and cost of a run that ended; trains it if there is none."""
        made = pathlib.Path(f"{self.folder(name, seed)}.made")
        if not made.exists() or made.read_text() != self.made_of(name, seed):
            made.unlink(missing_ok=True)
            self.train(name, seed)
        return {"seed": seed, **reported(self.folder(name, seed), self.workload, self.side(name).at_best)}


def evaluations(folder, metric):
    """In their order: quality, seconds of training until then, seconds of this evaluation, FLOPs."""
    split, name = metric.split("/")
    found, before_s = [], 0.0
    for events in pathlib.Path(folder).rglob("events.jsonl"):
        for line in events.read_text().splitlines():
            event = json.loads(line)
            for entry in event.get("metrics", []):
                if entry["name"] == name and entry["split"] == split:
                    evaluated_s = event.get("t_eval") or 0.0
                    found.append({"quality": entry["value"], "train_s": event["t_train"], "evaluation_s": evaluated_s - before_s,
                                  "flops": event.get("flops")})
                    before_s = evaluated_s
    return found


def reported(folder, workload, at_best):
    found = evaluations(folder, workload.metric)
    if not found:
        sys.exit(f"{folder} has no {workload.metric}")
    better = max if workload.higher_is_better else min
    one = better(found, key=lambda event: event["quality"]) if at_best else found[-1]
    return {**one, "cost_s": one["train_s"] + one["evaluation_s"]}


def chances_of_missing(session, folders, target):
    """By side, how likely qualities as good as these are where the mean just misses the target: `hasten compare` tells."""
    done = subprocess.run([session.options.hasten, "compare", *map(str, folders), "--baseline", "fast", "--metric",
                           session.workload.metric, "--target", str(target), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return {group["name"]: group["points"][group["headline"]].get("p")
            for group in json.loads(done.stdout)["comparisons"][0]["groups"]}


def shown(value, metric):
    return f"{100 * value:.2f}%" if metric.endswith("accuracy") else f"{value:.4f}"


def spread_text(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def quality(runs, metric):
    values = [r["quality"] for r in runs]
    spread = f" ± {shown(statistics.stdev(values), metric)}" if len(values) > 1 else ""
    return shown(statistics.mean(values), metric) + spread


def sooner_by(peer, record):
    """The peer's seconds over the record's, seed by seed."""
    ours = {r["seed"]: r["cost_s"] for r in record}
    return [r["cost_s"] / ours[r["seed"]] for r in peer if r["seed"] in ours]


def goals_table(session, measured):
    metric = session.workload.metric
    lines = ["| goal | side | runs | p that its mean misses the goal | sooner by, seed by seed | wanted |", "|---|---|---|---|---|---|"]
    for goal in chosen_goals(session.options):
        folders = [session.folder(side, r["seed"]) for side in {"fast", goal.record, goal.peer} for r in measured[side]]
        chances = chances_of_missing(session, folders, goal.target)

        def row(side, sooner, wanted):
            p = chances[side]
            return (f"| {shown(goal.target, metric)} | {side} | {len(measured[side])} | {'-' if p is None else f'{p:.2g}'} | "
                    f"{sooner} | {wanted} |")

        lines.append(row(goal.record, "-", "-"))
        lines.append(row(goal.peer, spread_text(sooner_by(measured[goal.peer], measured[goal.record]), 2), f"{goal.sooner:g}"))
    return lines


def sides_table(session, measured):
    metric = session.workload.metric
    lines = [f"| side | {metric} | runs | seconds: median (range) | TFLOPs |", "|---|---|---|---|---|"]
    for name, runs in measured.items():
        if name.startswith(WITHOUT):
            continue
        flops = f"{statistics.median(r['flops'] for r in runs) / 1e12:.1f}" if runs[0]["flops"] else "not counted"
        lines.append(f"| {name}: {session.side(name).text} | {quality(runs, metric)} | {len(runs)} | "
                     f"{spread_text([r['cost_s'] for r in runs], 1)} | {flops} |")
    return lines


def ablation_table(measured, metric):
    left_out = {name.removeprefix(WITHOUT): runs for name, runs in measured.items() if name.startswith(WITHOUT)}
    if not left_out:
        return []
    lines = ["", "## What each method contributes", "",
             "The record without one of its methods, same budget, same seeds; ± is the standard error of the change.", "",
             f"| without | {metric} | runs | change of {metric} | seconds |", "|---|---|---|---|---|"]
    whole = {r["seed"]: r["quality"] for r in measured["fast"]}
    for name, runs in left_out.items():
        changes = [r["quality"] - whole[r["seed"]] for r in runs]
        mean = statistics.mean(changes)
        error = f" ± {shown(statistics.stdev(changes) / len(changes) ** 0.5, metric)}" if len(changes) > 1 else ""
        lines.append(f"| {name} | {quality(runs, metric)} | {len(runs)} | {'+' if mean > 0 else '-'}{shown(abs(mean), metric)}{error} | "
                     f"{spread_text([r['cost_s'] for r in runs], 1)} |")
    return lines


def readme_of(session, measured, environment):
    options, workload = session.options, session.workload
    return "\n".join([
        f"# {workload.title}: {workload.metric}", "", "Written by `bench/records.py --readme` from the runs it made; not by hand.", "",
        *goals_table(session, measured), "", "## Sides", "", *sides_table(session, measured),
        *ablation_table(measured, workload.metric), "", "## Environment and command", "", environment, "", "```",
        "bench/records.py " + " ".join(shown_word(options, word) for word in sys.argv[1:]), "```", ""])


def shown_word(options, word):
    """Without the places of one machine."""
    places = {options.hasten: "build/release/hasten", options.python: "PYTHON", options.data: "DATA", options.out: "runs/records"}
    return places.get(word, word)


def environment_of(folder):
    record = json.loads(next(pathlib.Path(folder).rglob("run.json")).read_text())
    hardware, software = record["hardware"], record["software"]
    return (f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['threads']} threads; LibTorch "
            f"{software['libraries']['libtorch']}, {software['system'].split(',')[0]}, {software['build_flags']}; "
            f"{record['started_at'][:10]}, commit {software['commit'][:12]}"
            f"{' and changes to it' if software['uncommitted_changes'] else ''}. Seconds are those of training and of the evaluation that is "
            "reported, without loading data, with OMP_WAIT_POLICY=ACTIVE, on all sides alike.")


def log_lines(session, measured):
    """A line a run: what the tables are made of."""
    folder = session.folder("fast", session.options.first_seed)
    record = json.loads(next(folder.rglob("run.json")).read_text())
    facts = {"cpu": record["hardware"]["cpu"], "commit": record["software"]["commit"][:12], "date": record["started_at"][:10]}
    return "".join(json.dumps({"side": name, **run, **facts}) + "\n" for name, runs in measured.items() for run in runs)


def data_of(dataset):
    """Where `hasten data fetch` puts a data set, and others do; of a text the file."""
    for folder in (os.environ.get("HASTEN_DATA"), ROOT / "data", "/usr/share/datasets"):
        path = pathlib.Path(folder or "") / dataset
        if folder and path.is_dir():
            texts = sorted(path.glob("*.txt"))
            return str(texts[0] if texts else path)
    sys.exit(f"no {dataset} here: hasten data fetch {dataset}, or --data")


def chosen_goals(options):
    goals = WORKLOADS[options.workload].goals
    return [goals[i - 1] for i in options.goals] if options.goals else list(goals)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--hasten", default=str(ROOT / "build/release/hasten"))
    parser.add_argument("--python", default=sys.executable, help="with torch, numpy and Pillow")
    parser.add_argument("--data", help="where the data set lies (else where `hasten data fetch` puts it)")
    parser.add_argument("--goals", type=lambda text: [int(word) for word in text.split(",")], help="by number, as 1,2 (all)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", default="runs/records")
    parser.add_argument("--baseline", action="store_true", help="also the recipe of that name")
    parser.add_argument("--ablate", action="store_true", help="also the record without each of its methods")
    parser.add_argument("--ablation-seeds", type=int, default=2)
    parser.add_argument("--settings", action="append", default=[], metavar="SIDE=WORDS", help="added to the command of a side")
    parser.add_argument("--readme", action="store_true", help="write README.md beside the recipe, and the runs to results/records")
    options = parser.parse_args()
    workload = WORKLOADS[options.workload]
    options.data = options.data or data_of(workload.dataset)
    options.settings = {one.split("=", 1)[0]: tuple(one.split("=", 1)[1].split()) for one in options.settings}
    if unknown := set(options.settings) - set(workload.sides):
        parser.error(f"no side {', '.join(sorted(unknown))}; there are {', '.join(workload.sides)}")
    if options.goals and not set(options.goals) <= set(range(1, len(workload.goals) + 1)):
        parser.error(f"there are goals 1 to {len(workload.goals)}")
    return options


def main():
    options = arguments()
    session = Session(options)
    metric = session.workload.metric
    sides = {"fast": options.seeds}
    for goal in chosen_goals(options):
        sides.update({goal.record: options.seeds, goal.peer: options.seeds})
    if options.baseline:
        sides["baseline"] = options.seeds
    if options.ablate:
        methods = tomllib.loads(session.recipe(session.side("fast")).read_text())["method"]
        sides.update({WITHOUT + method["name"]: options.ablation_seeds for method in methods})
    measured = {side: [] for side in sides}
    for turn in range(options.seeds):
        order = list(sides)
        for side in order[turn % len(order):] + order[:turn % len(order)]:  # so that none always follows the same one
            if turn >= sides[side]:
                continue
            result = session.result(side, options.first_seed + turn)
            measured[side].append(result)
            print(f"{side:<34} seed {result['seed']}: {result['quality']:.4f} in {result['train_s']:.2f} s and "
                  f"{result['evaluation_s']:.2f} s of evaluation", flush=True)
    for line in goals_table(session, measured) + [""] + sides_table(session, measured):
        print(line)
    if options.readme:
        target = ROOT / "recipes" / options.workload / "README.md"
        target.write_text(readme_of(session, measured, environment_of(session.folder("fast", options.first_seed))))
        kept = ROOT / "results" / "records" / f"{options.workload}.jsonl"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(log_lines(session, measured))


main()
