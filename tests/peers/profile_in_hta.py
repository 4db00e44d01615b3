#!/usr/bin/env python3
"""A profile of `hasten train --profile`, read by HolisticTraceAnalysis: every event, its step, its duration."""

import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import peer

READER = r"""
import collections, json, logging, sys
logging.disable(logging.CRITICAL)
from hta.trace_analysis import TraceAnalysis
trace = TraceAnalysis(trace_dir=sys.argv[1]).t  # a folder: the file has to say its rank
frame, names = trace.get_trace(0), trace.symbol_table.get_sym_table()
rows = [(names[n], names[c], int(step), float(dur))
        for n, c, step, dur in zip(frame["name"], frame["cat"], frame["iteration"], frame["dur"])]
print("RESULT", json.dumps(rows))
"""


def main():
    options = peer.arguments()
    python = peer.environment(options.environments, "hta", ["HolisticTraceAnalysis"], "hta.trace_analysis")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = peer.train(options.hasten, folder, "--profile", "steps=4..13")
        traces = folder / "traces"
        traces.mkdir()
        (run / "trace.json").rename(traces / "trace.json")
        done = subprocess.run([python, "-c", READER, traces], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"HTA cannot read the trace:\n{done.stderr[-3000:]}")
        rows = json.loads(done.stdout.split("RESULT ", 1)[1])
        events = json.loads((traces / "trace.json").read_text())["traceEvents"]
    # HTA leaves out what starts in or after the last step.
    ours = [e for e in events if e.get("ph") == "X" and e.get("cat") in ("cpu_op", "user_annotation")]
    steps = {int(e["name"].split("#")[1]): e for e in ours if e["name"].startswith("ProfilerStep#")}
    assert sorted(steps) == list(range(4, 13)), sorted(steps)
    end = steps[12]["ts"]
    want = collections.Counter((e["name"], e["cat"]) for e in ours if e["ts"] < end)
    got = collections.Counter((name, cat) for name, cat, _, _ in rows)
    assert got == want, (got - want, want - got)
    by_step = collections.Counter((name, step) for name, _, step, _ in rows)
    for step in range(4, 12):
        for stage in (f"ProfilerStep#{step}", "data_load", "forward", "backward", "update", "AfterUpdate: ema"):
            assert by_step[stage, step] == 1, (stage, step, by_step[stage, step])
        assert by_step["aten::convolution", step] > 0 and by_step["aten::convolution_backward", step] > 0
    assert by_step["evaluate", 9] == 1  # the end of the first epoch
    ours_us = sum(e["dur"] for e in ours if e["ts"] < end and e["name"] == "backward")
    theirs_us = sum(dur for name, _, _, dur in rows if name == "backward")
    assert abs(ours_us - theirs_us) < 3 * 8, (ours_us, theirs_us)  # HTA rounds to microseconds
    print(f"HTA reads {len(rows)} events of 8 steps as they are")


if __name__ == "__main__":
    main()
