#!/usr/bin/env python3
"""Raw shards in memory: bytes a second through the loader, checksums included, against copying memory, in turn.

  bench/raw_reads.py --hasten build/release/hasten --shards FOLDER [--rounds 5] [--seconds 3]

FOLDER: shards of `hasten data pack --format raw`, small enough to stay in memory. The copy is that of numpy (memcpy) by as
many threads as the loader has, of blocks that no cache holds.
"""

import argparse
import json
import os
import statistics
import subprocess
import threading
import time

import numpy as np


def copy_rate(threads, seconds):
    source = np.ones(1 << 28, np.uint8)
    target = np.zeros_like(source)
    part = source.size // threads
    copied = [0] * threads
    end = time.perf_counter() + seconds

    def work(i):
        while time.perf_counter() < end:
            np.copyto(target[i * part:(i + 1) * part], source[i * part:(i + 1) * part])
            copied[i] += part

    start = time.perf_counter()
    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert target[-1] == 1
    return sum(copied) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--shards", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    loaded, copied = [], []
    for turn in range(args.rounds):
        out = subprocess.run([args.hasten, "data", "bench", args.shards, "--json", "--only", "whole", "--seconds",
                              str(args.seconds), "--workers", str(args.threads)], capture_output=True, text=True, check=True)
        result = json.loads(out.stdout)
        assert result["read"] == "map", result["read_reason"]
        loaded.append(result["bytes_per_s"])
        copied.append(copy_rate(args.threads, args.seconds))
        print(f"round {turn + 1}: loader {loaded[-1] / 1e9:.2f} GB/s, copy {copied[-1] / 1e9:.2f} GB/s", flush=True)
    ratios = [a / b for a, b in zip(loaded, copied)]
    print(f"loader median {statistics.median(loaded) / 1e9:.2f} GB/s, copy {statistics.median(copied) / 1e9:.2f} GB/s: "
          f"{100 * statistics.median(ratios):.0f}% ({100 * min(ratios):.0f}% to {100 * max(ratios):.0f}%)")


if __name__ == "__main__":
    main()
