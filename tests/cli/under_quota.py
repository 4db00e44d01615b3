#!/usr/bin/env python3
"""Runs a command with a share of the processors: under_quota.py CORES COMMAND...; status 77 where no quota can be set.

A control group of version 1 or 2, made for it and removed again.
"""
import os
import subprocess
import sys
from pathlib import Path

PERIOD_US = 100_000


def limited_group(cores):
    quota = int(cores * PERIOD_US)
    for mount, limits in ((Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": quota}),
                          (Path("/sys/fs/cgroup"), {"cpu.max": f"{quota} {PERIOD_US}"})):
        if not (mount / "cgroup.procs").exists():
            continue
        group = mount / f"hasten-quota-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, value in limits.items():
                (group / name).write_text(str(value))
            return group
        except OSError:
            group.rmdir()
    return None


def main():
    group = limited_group(float(sys.argv[1]))
    if group is None:
        sys.exit(77)
    status = 77
    try:
        done = subprocess.run(sys.argv[2:], preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
        status = done.returncode
    except subprocess.SubprocessError:
        pass  # the group cannot be entered
    finally:
        group.rmdir()
    sys.exit(status if status >= 0 else 128 - status)


main()
