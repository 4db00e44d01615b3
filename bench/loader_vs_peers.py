#!/usr/bin/env python3
"""Loads the same JPEG files with hasten, FFCV, MosaicML Streaming and PyTorch's DataLoader, in turn, on all cores.

  python3 -m venv peers && peers/bin/pip install torch numba opencv-python-headless pillow simplejpeg
  peers/bin/pip install --no-deps ffcv mosaicml-streaming      # FFCV builds with libturbojpeg0-dev and libopencv-dev
  peers/bin/python bench/loader_peers.py photos PHOTOS 1000                   # for --work photos
  bench/loader_vs_peers.py --hasten build/release/hasten --python peers/bin/python --work cifar \\
      --images CIFAR10_FOLDER [--rounds 5] [--seconds 8]

Each round runs every loader once, in another order; shown are median and range of images a second after a warm-up, and
each peer's ratio to hasten, round by round. Checked: the shape, and that the mean of the first batch is that of the
others to a tenth. Everyone reads its own format, made from the same files (FFCV cannot keep encoded bytes: it encodes
anew, at the quality that makes as many bytes); hasten reads shards, and as hasten-files the
files themselves.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = ["ffcv", "streaming", "torch-pillow", "torch-simplejpeg"]


def run(command):
    out = subprocess.run(command, capture_output=True, text=True)
    if out.returncode != 0:
        raise SystemExit(" ".join(command) + "\n" + out.stderr[-2000:])
    return json.loads(out.stdout[out.stdout.index("{"):])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--python", required=True, help="the Python that has the peers")
    parser.add_argument("--work", choices=["cifar", "photos"], required=True)
    parser.add_argument("--images", required=True, help="folder with train/<class>/*.jpg")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--scratch", help="where the formats are made and kept; default: a temporary folder")
    args = parser.parse_args()
    scratch = args.scratch or tempfile.mkdtemp(prefix="loader_peers_")
    os.makedirs(scratch, exist_ok=True)
    peers = [p for p in args.peers.split(",") if p]
    script = os.path.join(HERE, "loader_peers.py")
    paths = {}
    for peer in peers:
        paths[peer] = args.images
        if peer in ("ffcv", "streaming"):
            paths[peer] = os.path.join(scratch, args.work + (".beton" if peer == "ffcv" else ".mds"))
            if not os.path.exists(paths[peer]):
                subprocess.run([args.python, script, "make", peer, args.images, paths[peer]], check=True)
    shards = os.path.join(scratch, args.work + ".shards")
    if not os.path.exists(shards):
        subprocess.run([args.hasten, "data", "pack", args.images, "--out", shards, "--format", "jpeg"], check=True)
    own = [args.hasten, "data", "bench", "PLACE", "--json", "--seconds", str(args.seconds), "--workers",
           str(args.workers), "--only", "whole"]
    own += (["--translate", "4", "--flip", "--batch", "512"] if args.work == "cifar" else
            ["--crop", "random_resized", "--height", "224", "--width", "224", "--flip", "--batch", "128"])
    places = {"hasten": shards, "hasten-files": args.images}
    # What FFCV shifts into an image is black, as its own CIFAR example has it; the others reflect.
    dark = (1 - 20 / 9 / 32) ** 2 if args.work == "cifar" else 1
    results = {name: [] for name in [*places, *peers]}
    means = {}
    for turn in range(args.rounds):
        names = list(results)
        random.Random(turn).shuffle(names)
        for name in names:
            result = run([places[name] if word == "PLACE" else word for word in own]) if name in places else run(
                [args.python, script, "read", name, args.work, paths[name], str(args.seconds), str(args.workers)])
            results[name].append(result["images_per_s"])
            means.setdefault(name, result["mean"])
            print(f"round {turn + 1}: {name:18} {result['images_per_s']:9,.0f} images/s", flush=True)
    for name, mean in means.items():
        expected = means["hasten"] * (dark if name == "ffcv" else 1)
        assert abs(mean / expected - 1) < 0.1, (name, mean, expected)
    print(f"\n{'':18} {'median':>9}  {'range':>19}  hasten is faster by")
    for name, rates in results.items():
        ratios = [h / r for h, r in zip(results["hasten"], rates)]
        print(f"{name:18} {statistics.median(rates):9,.0f}  {min(rates):9,.0f}{max(rates):10,.0f}  "
              + ("" if name == "hasten" else f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"))


if __name__ == "__main__":
    main()
