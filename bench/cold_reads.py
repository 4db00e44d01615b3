#!/usr/bin/env python3
"""Random reads of a file that is larger than the memory allowed: io_uring against mmap and pread, in turn.

  bench/cold_reads.py --hasten build/release/hasten --scratch FOLDER [--gigabytes 3] [--limit-mb 600] [--rounds 5]

Makes uint8 images of 128x128x3 as .npy in the folder, and runs `hasten data bench --only undecoded --cold` for each way to
read, in a memory cgroup of the given size (needs root; version 1 or 2). The samples are the same in the same order.
"""

import argparse
import json
import os
import statistics
import subprocess

MODES = ["ring", "map", "read"]


def make(folder, gigabytes):
    import numpy as np
    count = int(gigabytes * 1e9 / (128 * 128 * 3))
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "train_images.npy")
    if os.path.exists(path):
        return
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, 128, 128, 3))
    rng = np.random.default_rng(0)
    for begin in range(0, count, 1000):
        images[begin:begin + 1000] = rng.integers(0, 256, images[begin:begin + 1000].shape, dtype=np.uint8)
    images.flush()
    np.save(os.path.join(folder, "train_labels.npy"), (np.arange(count) % 10).astype(np.int64))


class MemoryGroup:
    """A cgroup that may hold so many bytes, page cache included."""

    def __init__(self, limit):
        root = "/sys/fs/cgroup/memory" if os.path.isdir("/sys/fs/cgroup/memory") else "/sys/fs/cgroup"
        self.path = os.path.join(root, f"hasten_cold_reads_{os.getpid()}")
        os.mkdir(self.path)
        name = "memory.limit_in_bytes" if root.endswith("memory") else "memory.max"
        with open(os.path.join(self.path, name), "w") as file:
            file.write(str(limit))

    def run(self, command):
        procs = os.path.join(self.path, "cgroup.procs")

        def enter():
            with open(procs, "w") as file:
                file.write(str(os.getpid()))

        out = subprocess.run(command, capture_output=True, text=True, preexec_fn=enter)
        if out.returncode != 0:
            raise SystemExit(out.stderr)
        return json.loads(out.stdout)

    def close(self):
        os.rmdir(self.path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--gigabytes", type=float, default=3)
    parser.add_argument("--limit-mb", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    args = parser.parse_args()
    make(args.scratch, args.gigabytes)
    group = MemoryGroup(args.limit_mb << 20)
    rates = {mode: [] for mode in MODES}
    try:
        for turn in range(args.rounds):
            for mode in MODES[turn % 3:] + MODES[:turn % 3]:
                result = group.run([args.hasten, "data", "bench", args.scratch, "--only", "undecoded", "--read", mode,
                                    "--cold", "--json", "--memory", "64", "--batch", "64", "--seconds",
                                    str(args.seconds)])
                rates[mode].append(result["images_per_s"])
                print(f"round {turn + 1}: {mode:5} {result['images_per_s']:8,.0f} images/s "
                      f"{result['bytes_per_s'] / 1e6:7,.0f} MB/s", flush=True)
    finally:
        group.close()
    for mode, values in rates.items():
        ratios = [r / v for r, v in zip(rates["ring"], values)]
        print(f"{mode:5} median {statistics.median(values):8,.0f} images/s ({min(values):,.0f} to {max(values):,.0f}), "
              f"io_uring is {statistics.median(ratios):.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
