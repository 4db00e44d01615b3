#!/usr/bin/env python3
"""Which commit a build names: git's, in a repository of the sources' own, else the one that a bundle brings.

  version_test.py --cmake PROGRAM --script write_version.cmake
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIP = 77
PACKED = "0123456789abcdef0123456789abcdef01234567"
ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--cmake", required=True)
ARGUMENTS.add_argument("--script", required=True)


def git(folder, *arguments):
    return subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", folder, *arguments], check=True,
                          capture_output=True, text=True).stdout.strip()


class VersionTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.source = self.folder / "source"
        self.source.mkdir()

    def repository(self, folder):
        git(folder, "init", "-q")
        (folder / "file").write_text("one")
        git(folder, "add", "file")
        git(folder, "commit", "-q", "-m", "one")
        return git(folder, "rev-parse", "HEAD")

    def written(self):
        """The commit, and whether there were changes."""
        out = self.folder / "version.cpp"
        subprocess.run([OPTIONS.cmake, f"-DSOURCE={self.source}", "-DVERSION=1", "-DBUILD=b", f"-DOUTPUT={out}", "-P",
                        OPTIONS.script], check=True, capture_output=True)
        text = out.read_text()
        return (re.search(r'commit_text\(\) { return "(.*?)"', text).group(1),
                re.search(r"with_changes\(\) { return (\w+)", text).group(1) == "true")

    def test_a_repository_of_the_sources_own(self):
        commit = self.repository(self.source)
        (self.source / ".commit").write_text(f"{PACKED} changed\n")
        self.assertEqual(self.written(), (commit, False))
        (self.source / "file").write_text("two")
        self.assertEqual(self.written(), (commit, True))

    def test_a_bundle_alone_and_within_another_repository(self):
        self.assertEqual(self.written(), ("unknown", False))
        (self.source / ".commit").write_text(f"{PACKED} clean\n")
        self.assertEqual(self.written(), (PACKED, False))
        self.repository(self.folder)
        self.assertEqual(self.written(), (PACKED, False))
        (self.source / ".commit").write_text(f"{PACKED} changed\n")
        self.assertEqual(self.written(), (PACKED, True))

    def test_sources_within_another_repository(self):
        self.repository(self.folder)
        self.assertEqual(self.written(), ("unknown", False))


if __name__ == "__main__":
    OPTIONS = ARGUMENTS.parse_args()
    if shutil.which("git") is None:
        print("there is no git")
        sys.exit(SKIP)
    unittest.main(argv=["version_test"])
