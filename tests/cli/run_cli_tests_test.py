#!/usr/bin/env python3
"""Tests of the runner itself: what passes, what fails and how it says so, what is skipped."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUNNER = Path(__file__).with_name("run_cli_tests.py")


class RunnerTest(unittest.TestCase):
    def outcome(self, text, features=(), **environment):
        """(exit status, output) of the runner on a file with this text; `cat` stands in for the program."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "example.test"
            file.write_text(text)
            options = [option for feature in features for option in ("--with", feature)]
            clean = {k: v for k, v in os.environ.items() if k != "HASTEN_SHARED"}
            done = subprocess.run([sys.executable, "-B", RUNNER, "--hasten", "/bin/cat", *options, file],
                                  capture_output=True, text=True, env={**clean, **environment}, check=False)
            return done.returncode, done.stdout + done.stderr

    def assert_passes(self, text, **more):
        status, output = self.outcome(text, **more)
        self.assertEqual(status, 0, output)

    def assert_fails(self, text, *expected, **more):
        status, output = self.outcome(text, **more)
        self.assertEqual(status, 1, output)
        for part in expected:
            self.assertIn(part, output)

    def test_a_file_with_every_directive_passes(self):
        self.assert_passes("""# comment
slow
needs torch
write in/a.json
| {"runs": [{"a b": 1.5, "n": null}],
|  "x": "y"}
run $HASTEN in/a.json
stdout ^ "x"
!stdout nothing
stdout-json runs[0]["a b"] == 1.5
stdout-json runs[0]["a b"] < 2
stdout-json runs[0].n == null
stdout-json x == "y"
run echo $TMP && echo oops \\
  >&2 && touch made && exit 3
exit 3
stdout ^$TMP$
stderr oops
!stderr fine
file made exists
file $TMP/missing absent
""", features=["torch"])

    def test_failures_show_command_expectation_and_output(self):
        self.assert_fails("run echo hello; exit 4\nexit 2\n", "example.test:2:", "- 2\n+ 4", "run    | echo hello; exit 4",
                          "stdout | hello")
        self.assert_fails("run echo hello\nstdout bye\n", ":2: no match in stdout", "- bye", "stdout | hello")
        self.assert_fails("run echo hello\n!stdout hel+\n", "unwanted match", "+ hell")
        self.assert_fails("run echo no >&2\nstderr yes\n", "stderr | no")
        self.assert_fails("run true\nfile x exists\n", "- exists\n+ absent")

    def test_an_unchecked_exit_status_has_to_be_zero(self):
        self.assert_fails("run false\n", "example.test:1:", "- 0\n+ 1")
        self.assert_fails("run false\nstdout .*\nrun true\n", "+ 1")

    def test_json_failures(self):
        run = "run echo '{\"a\": [1, 2]}'\n"
        self.assert_fails(run + "stdout-json a[1] == 3\n", "- == 3\n+ 2")
        self.assert_fails(run + "stdout-json a[7] == 3\n", "no '7' in")
        self.assert_fails(run + "stdout-json b == 3\n", "no 'b' in")
        self.assert_fails(run + "stdout-json a > \"x\"\n", "+ [1, 2]")
        self.assert_fails("run echo text\nstdout-json a == 1\n", "stdout is not JSON")

    def test_mistakes_in_a_file_are_failures(self):
        self.assert_fails("run true\nstdotu x\n", "unknown directive 'stdotu'")
        self.assert_fails("exit 0\n", "before the first run")
        self.assert_fails("# empty\n", "no run directive")
        self.assert_fails("run true\nstdout (\n", "bad pattern")
        self.assert_fails("needs luck\nrun true\n", "expected torch, unsanitized, root, quota, shared or program")

    def test_missing_things_skip_the_file(self):
        status, output = self.outcome("needs torch\nrun false\n")
        self.assertEqual((status, "skipped: built without LibTorch" in output), (77, True))
        status, output = self.outcome("needs program no-such-program\nrun false\n")
        self.assertEqual(status, 77, output)
        self.assert_passes("needs program cat\nrun true\n")
        status, output = self.outcome("needs shared\nrun false\n")
        self.assertEqual((status, "HASTEN_SHARED is not set" in output), (77, True))

    def test_a_shared_folder_that_is_named_has_to_be_complete(self):
        with tempfile.TemporaryDirectory() as shared:
            self.assert_fails("needs shared data/x.txt\nrun true\n", "there is no", HASTEN_SHARED=shared)
            self.assert_passes("needs shared\nrun test -d $SHARED\n", HASTEN_SHARED=shared)


if __name__ == "__main__":
    unittest.main()
