#!/usr/bin/env python3
"""Trains r.toml twice in this folder: undisturbed, and killed at random moments, each time followed by a resume. The end
has to have the same bits, and nothing may be left of the dead.

  kill_training.py --kills N [--seed S]      $HASTEN: the program; $HASTEN_KILLS: so many instead of N
"""
import argparse
import json
import os
import random
import signal
import subprocess
import time

WHOLE, CUT = "whole", "cut"


def newest(run):
    """Step of the newest checkpoint."""
    names = os.listdir(run + "/checkpoints") if os.path.exists(run + "/checkpoints") else []
    return max((int(n[5:17]) for n in names if n.startswith("step-") and n.endswith(".safetensors")), default=0)


def state(run):
    path = sorted(os.listdir(run + "/checkpoints"))[-1]
    with open(f"{run}/checkpoints/{path}", "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    values = json.loads(header["__metadata__"]["values"])
    kept = {k: v for k, v in values.items() if not k.startswith("cost/") and not k.endswith("_ns")}
    tensors = {k: data[8 + size + v["data_offsets"][0]:8 + size + v["data_offsets"][1]]
               for k, v in header.items() if k not in ("__metadata__", "digest.xxh3")}
    return path, kept, tensors


def events(run):
    with open(run + "/events.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def evaluations(run):
    return [(e["step"], m["value"]) for e in events(run) for m in e.get("metrics", []) if m["name"] == "accuracy"]


def kill_and_resume(kills, source):
    # Kills come early enough that all of them come before the end, however fast the machine is.
    with open(f"{WHOLE}/run.json", encoding="utf-8") as file:
        longest = 0.4 + 0.6 / kills * json.load(file)["executed"]["total_s"]
    each = newest(WHOLE) * 2 // (3 * kills)
    command = [os.environ["HASTEN"], "train", "r.toml", "--out", CUT, "--quiet"]
    for done in range(kills + 1):
        resume = ["--resume"] if os.path.exists(f"{CUT}/run.json") else []
        with subprocess.Popen(command + resume) as child:
            if done == kills:
                assert child.wait() == 0, "the last one did not finish"
                return
            # From before the first checkpoint to deep in training.
            end, limit = time.time() + source.uniform(0.15, longest), newest(CUT) + each
            while time.time() < end and newest(CUT) < limit:
                time.sleep(0.005)
            child.send_signal(signal.SIGKILL)
            assert child.wait() == -signal.SIGKILL, "it ended by itself before it was killed: train longer"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=20261101)
    args = parser.parse_args()
    kills = int(os.environ.get("HASTEN_KILLS", args.kills))
    subprocess.run([os.environ["HASTEN"], "train", "r.toml", "--out", WHOLE, "--quiet"], check=True)
    shared = set(os.listdir("/dev/shm"))
    kill_and_resume(kills, random.Random(args.seed))
    whole, cut = state(WHOLE), state(CUT)
    assert whole[:2] == cut[:2], "numbers differ"
    assert whole[2].keys() == cut[2].keys()
    assert len(whole[2]) > 20, "hardly any state was compared"
    for name in whole[2]:
        assert whole[2][name] == cut[2][name], name
    assert evaluations(WHOLE) == evaluations(CUT), "evaluations differ"
    assert set(os.listdir("/dev/shm")) <= shared, "shared memory was left"
    for folder in (".", "checkpoints"):
        left = set(os.listdir(f"{CUT}/{folder}")) - set(os.listdir(f"{WHOLE}/{folder}"))
        assert not left, left
    restarts = sum(e.get("kind") == "restart" for e in events(CUT))
    print("same bits after", kills, "kills; restarts in the log:", restarts)


if __name__ == "__main__":
    main()
