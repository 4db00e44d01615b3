#!/usr/bin/env python3
"""How good predictions are: a table of realised over predicted gains from the logs of `hasten diagnose --log`."""

import argparse
import json
import statistics
from pathlib import Path


def row(name, lines):
    ratios = [line["realised"] / line["predicted"] for line in lines]
    # A gain counts by what is beyond 1: half of a predicted 1.4 is 1.2.
    half = [line["realised"] - 1 >= 0.5 * (line["predicted"] - 1) for line in lines]
    within = [abs(ratio - 1) <= 0.15 for ratio in ratios]
    return (f"| {name} | {len(lines)} | {statistics.median(ratios):.2f} | {100 * sum(within) / len(lines):.0f}% | "
            f"{100 * sum(half) / len(lines):.0f}% |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="+", type=Path)
    options = parser.parse_args()
    lines = [json.loads(line) for path in options.logs for line in path.read_text().splitlines()]
    known = [line for line in lines if line["predicted"] is not None and not line["bound_only"]]
    print("| predictions | number | median of realised / predicted | within 15% | at least half of the gain |")
    print("|---|---|---|---|---|")
    print(row("all", known))
    for decided, name in ((True, "with a verdict"), (False, "where it was refused")):
        chosen = [line for line in known if line["decided"] == decided]
        if chosen:
            print(row(name, chosen))
    for remedy in sorted({line["remedy"] for line in known}):
        print(row(remedy, [line for line in known if line["remedy"] == remedy]))


if __name__ == "__main__":
    main()
