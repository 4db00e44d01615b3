#!/usr/bin/env python3
"""Lets FFCV and MosaicML Streaming write their files anew and runs the tests of the readers on them.

The writers' Python is $HASTEN_PEER_PYTHON, or this one. Exit status 77: they are not installed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MAKE = Path(__file__).resolve().parents[1] / "data" / "make_peer_files.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", required=True)
    test = parser.parse_args().test
    python = os.environ.get("HASTEN_PEER_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([python, "-B", str(MAKE), folder], capture_output=True, text=True, check=False)
        if made.returncode == 77:
            print(made.stderr.strip())
            return 77
        if made.returncode != 0:
            print(made.stderr)
            return 1
        return subprocess.run([test], env={**os.environ, "HASTEN_PEER_FILES": folder}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
