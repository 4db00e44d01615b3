"""What the tests of `hasten data fetch` share: a folder, a server, and the command."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import misbehaving_server

HASTEN = ""
CONTENT = random.Random(1).randbytes(600_000)
# Not by way of a proxy that the environment names.
DIRECT = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


class Base(unittest.TestCase):
    """A folder, a server, and the command."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.server = misbehaving_server.Server({"data.bin": CONTENT})
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.hold.set)

    def catalogue(self, urls, **file):
        """A catalogue of one data set "d" with one file at these paths of the server."""
        entry = {"name": "data.bin", "urls": [url if "://" in url else f"{self.server.url}/{url}" for url in urls]}
        entry.update(file)
        path = self.path / "catalogue.json"
        path.write_text(json.dumps({"d": {"files": [entry]}}))
        return path

    def command(self, *arguments):
        return [HASTEN, "data", "fetch", *map(str, arguments), "--to", str(self.path / "to")]

    def run_command(self, *arguments, timeout=60):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **DIRECT}, check=False)

    def fetch(self, *urls, options=(), **file):
        return self.run_command("d", "--catalogue", self.catalogue(urls, **file), "--stall", "1", *options)


def main(description):
    global HASTEN
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--hasten", required=True)
    arguments, rest = parser.parse_known_args()
    HASTEN = arguments.hasten
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=1)
