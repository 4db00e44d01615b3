#!/usr/bin/env python3
"""Reads one large trace with hasten and with HolisticTraceAnalysis, in turn, and compares time, memory and results.

  python3 -m venv hta && hta/bin/pip install HolisticTraceAnalysis
  bench/trace_vs_hta.py --hasten build/release/hasten --hta-python hta/bin/python --trace SOME.json.gz --repeat 4

Both load the file and compute the temporal breakdown, idle time, overlap and kernel breakdown; hasten also everything
else that `diagnose` shows. The large trace is the given one, several times after itself (times shifted, step numbers and
correlations made new). Checked: both give the same idle, compute and kernel time.
"""

import argparse
import gzip
import json
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HTA = r"""
import logging, sys, warnings
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
from hta.trace_analysis import TraceAnalysis
t = TraceAnalysis(trace_files={RANK: sys.argv[1]}, trace_dir="")
row = t.get_temporal_breakdown(visualize=False).iloc[0]
t.get_idle_time_breakdown(ranks=[RANK], visualize=False)
t.get_comm_comp_overlap(visualize=False)
t.get_gpu_kernel_breakdown(visualize=False)
print("RESULT", int(row["idle_time(us)"]), int(row["compute_time(us)"]), int(row["kernel_time(us)"]))
"""


def load(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return json.loads(file.read())


def enlarge(source, repeat, out):
    """The trace `repeat` times after itself."""
    data = load(source)
    events = data["traceEvents"]
    times = [float(e["ts"]) + float(e.get("dur", 0)) for e in events if e.get("ph") == "X" and e.get("cat") != "Trace"]
    starts = [float(e["ts"]) for e in events if e.get("ph") == "X" and e.get("cat") != "Trace"]
    span = int(max(times) - min(starts)) + 1000
    correlations = [e["args"]["correlation"] for e in events if isinstance(e.get("args", {}).get("correlation"), int)]
    stride = max(correlations, default=0) + 1
    steps = [int(m.group(1)) for e in events if (m := re.match(r"ProfilerStep#(\d+)", str(e.get("name"))))]
    step_stride = max(steps, default=0) - min(steps, default=0) + 1
    with open(out, "w") as file:
        head = {k: v for k, v in data.items() if k != "traceEvents"}
        file.write(json.dumps(head)[:-1] + (", " if head else "") + '"traceEvents": [\n')
        first = True
        for k in range(repeat):
            for event in events:
                if event.get("ph") == "M" and k > 0:
                    continue
                event = dict(event)
                if k > 0:
                    if isinstance(event.get("ts"), (int, float)):
                        event["ts"] = round(event["ts"] + k * span, 3) if isinstance(event["ts"], float) else event["ts"] + k * span
                    args = event.get("args")
                    if isinstance(args, dict) and isinstance(args.get("correlation"), int):
                        event["args"] = dict(args, correlation=args["correlation"] + k * stride)
                    step = re.match(r"ProfilerStep#(\d+)(.*)", str(event.get("name")))
                    if step:
                        event["name"] = f"ProfilerStep#{int(step.group(1)) + k * step_stride}{step.group(2)}"
                file.write(("" if first else ",\n") + json.dumps(event, indent=2))
                first = False
        file.write("\n]}\n")
    return data.get("distributedInfo", {}).get("rank", 0)


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{errors.decode()[-2000:]}")
    return wall, usage.ru_maxrss * 1024, output.decode()


def hasten_result(text):
    row = json.loads(text)["ranks"][0]["temporal"]
    return row["idle"], row["compute"], row["kernel_time"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True)
    parser.add_argument("--hta-python", required=True, help="Python of an environment that has HolisticTraceAnalysis")
    parser.add_argument("--trace", required=True)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gzip", action="store_true", help="the large trace is compressed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = os.path.join(folder, "large.json")
        with multiprocessing.Pool(1) as pool:  # apart: a child's peak memory begins with that of the process it is forked from
            rank = pool.apply(enlarge, (options.trace, options.repeat, large))
        size = os.path.getsize(large)
        if options.gzip:
            subprocess.run(["gzip", "-1", large], check=True)
            large += ".gz"
        script = os.path.join(folder, "run_hta.py")
        with open(script, "w") as file:
            file.write(HTA.replace("RANK", str(rank)))
        ours, theirs = [], []
        for _ in range(options.rounds):  # in turn, so that a busy machine slows both
            ours.append(measure([options.hasten, "diagnose", "--trace", large, "--semantics", "hta", "--json"]))
            theirs.append(measure([options.hta_python, script, large]))
        got = hasten_result(ours[-1][2])
        want = tuple(int(x) for x in re.search(r"RESULT (\S+) (\S+) (\S+)", theirs[-1][2]).groups())
        print(f"{size / 1e6:.0f} MB of text{', gzip' if options.gzip else ''}; {platform.processor() or platform.machine()}, "
              f"{os.cpu_count()} cores, {options.rounds} rounds in turn")
        for name, runs in (("hasten", ours), ("HTA", theirs)):
            walls = [run[0] for run in runs]
            print(f"  {name:7s} median {statistics.median(walls):7.3f} s ({min(walls):.3f} to {max(walls):.3f}), peak memory "
                  f"{max(run[1] for run in runs) / 1e6:.0f} MB = {max(run[1] for run in runs) / size:.2f} of the text")
        ratio = statistics.median(run[0] for run in theirs) / statistics.median(run[0] for run in ours)
        print(f"  hasten is {ratio:.1f}x faster; results {'agree' if got == want else f'DIFFER: {got} against {want}'}")
        return 0 if got == want else 1


if __name__ == "__main__":
    sys.exit(main())
