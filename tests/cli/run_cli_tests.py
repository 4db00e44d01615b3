#!/usr/bin/env python3
"""Runs text tests of the command line: run_cli_tests.py --hasten PROGRAM [--with torch] FILE.test...

A file is a list of directives, one a line; those after a `run` judge that run. Every file has a folder of its own.
  # comment                        (a line that ends in \\ goes on in the next one)
  needs torch|unsanitized|root|quota|shared [PATH]|program NAME   skip the file where that is missing (PATH lies below the shared
                                   folder; quota: of processors, as under_quota.py sets it)
  slow                             label: not among the fast tests
  write PATH                       a file with the following lines that start with '| '
  run COMMAND                      by bash, in the file's own folder; $HASTEN, $TMP (that folder), $SHARED, $SOURCE
  exit N                           exit status, 0 unless said
  stdout REGEX, !stdout REGEX      output has (has not) a match; ^ and $ are ends of lines
  stderr REGEX, !stderr REGEX
  stdout-json PATH OP VALUE        output is JSON; PATH like runs[0].cost["total s"]; OP == != < <= > >=; VALUE is JSON
  file PATH exists|absent          relative to $TMP
Exit status: 0 all passed, 1 a failure, 77 nothing ran because something is missing.
"""

import argparse
import json
import operator
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
RUN_TIMEOUT_S = {False: 120, True: 1200}  # by slow
SHOWN_LINES = 60
OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
             ">=": operator.ge}


class Skip(Exception):
    """The file cannot run here."""


class Failure(Exception):
    """A directive was not met, or is wrong itself."""


def parse(text):
    """Yields (line number, word, rest) for each directive; a write directive's rest is (path, content)."""
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        number, line = i + 1, lines[i].rstrip()
        i += 1
        while line.endswith("\\") and i < len(lines):
            line = line[:-1] + lines[i].strip()
            i += 1
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "write":
            content = []
            while i < len(lines) and lines[i].startswith("|"):
                content.append(lines[i][2:] + "\n")
                i += 1
            rest = (rest, "".join(content))
        yield number, word, rest


def json_at(document, path):
    """The value at a path such as a.b[0]["c d"]; an empty path is the document."""
    for key, index, quoted in re.findall(r'([^.\[\]"\s]+)(?=[.\[]|$)|\[(-?\d+)\]|\["([^"]*)"\]', path):
        try:
            document = document[int(index)] if index else document[key or quoted]
        except (KeyError, IndexError, TypeError):
            raise Failure(f"no {key or quoted or index!r} in {json.dumps(document)[:200]}") from None
    return document


class TestFile:
    """One .test file while it runs."""

    def __init__(self, path, hasten, features, tmp):
        self.path = Path(path)
        self.tmp = tmp
        self.features = features
        self.variables = {"HASTEN": str(hasten), "TMP": str(tmp), "SOURCE": str(SOURCE),
                          "SHARED": os.environ.get("HASTEN_SHARED", "")}
        if self.variables["SHARED"]:
            self.variables["SHARED"] = str(Path(self.variables["SHARED"]).resolve())
        self.slow = False
        self.result = None  # of the last run
        self.command = None
        self.exit_checked = True

    def expand(self, text, quote=str):
        """Puts variables in; quote keeps their values from meaning anything in a pattern."""
        return re.sub(r"\$(HASTEN|TMP|SOURCE|SHARED)\b", lambda m: quote(self.variables[m.group(1)]), text)

    def needs(self, rest):
        what, _, path = rest.partition(" ")
        if what == "torch":
            if "torch" not in self.features:
                raise Skip("built without LibTorch")
        elif what == "unsanitized":
            if "unsanitized" not in self.features:
                raise Skip("a sanitizer has its own allocator")
        elif what == "root":
            if os.geteuid() != 0:
                raise Skip("needs root")
        elif what == "quota":
            if subprocess.run([sys.executable, SOURCE / "tests/cli/under_quota.py", "1", "true"]).returncode != 0:
                raise Skip("no quota of processors can be set here")
        elif what == "shared":
            shared = self.variables["SHARED"]
            if not shared:
                raise Skip("HASTEN_SHARED is not set")
            if not (Path(shared) / path).exists():  # set, so someone counts on it: not a reason to skip
                raise Failure(f"HASTEN_SHARED is set, but there is no {Path(shared) / path}")
        elif what == "program":
            if shutil.which(path) is None:
                raise Skip(f"there is no {path}")
        else:
            raise Failure(f"needs: expected torch, unsanitized, root, quota, shared or program, got {what!r}")

    def run(self, command):
        self.finish_run()
        self.command = command
        environment = {**os.environ, **self.variables, "TMPDIR": str(self.tmp), "LC_ALL": "C.UTF-8", "TERM": "dumb",
                       "NO_COLOR": "1"}
        limit = RUN_TIMEOUT_S[self.slow]
        with subprocess.Popen(["bash", "-c", command], cwd=self.tmp, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # the command's children too
                out, err = process.communicate()
                err += f"\n(stopped after {limit} s)"
        self.result = subprocess.CompletedProcess(command, process.returncode, out, err)
        self.exit_checked = False

    def check_exit(self, expected):
        self.exit_checked = True
        if self.result.returncode != expected:
            raise Failure(f"exit status\n- {expected}\n+ {self.result.returncode}")

    def finish_run(self):
        """A run without an exit directive has to succeed."""
        if not self.exit_checked:
            self.check_exit(0)

    def check_text(self, word, pattern):
        wanted = not word.startswith("!")
        stream = word.lstrip("!")
        try:
            match = re.search(self.expand(pattern, re.escape), getattr(self.result, stream), re.MULTILINE)
        except re.error as error:
            raise Failure(f"bad pattern {pattern!r}: {error}") from None
        if wanted and not match:
            raise Failure(f"no match in {stream}\n- {pattern}")
        if match and not wanted:
            raise Failure(f"unwanted match in {stream}\n- {pattern}\n+ {match.group(0)}")

    def check_json(self, rest):
        parts = re.match(r"(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$", rest)
        if not parts:
            raise Failure("expected: stdout-json PATH OP VALUE")
        path, symbol, value = parts.groups()
        try:
            document = json.loads(self.result.stdout)
        except ValueError as error:
            raise Failure(f"stdout is not JSON: {error}") from None
        actual = json_at(document, path)
        try:
            met = OPERATORS[symbol](actual, json.loads(value))
        except ValueError:
            raise Failure(f"VALUE is not JSON: {value}") from None
        except TypeError:
            met = False
        if not met:
            raise Failure(f"{path}\n- {symbol} {value}\n+ {json.dumps(actual)}")

    def check_file(self, rest):
        name, _, state = rest.rpartition(" ")
        path = self.tmp / self.expand(name)
        if state not in ("exists", "absent"):
            raise Failure("expected: file PATH exists|absent")
        if path.exists() != (state == "exists"):
            raise Failure(f"file {name}\n- {state}\n+ {'exists' if path.exists() else 'absent'}")

    def directive(self, word, rest):
        if word == "needs":
            self.needs(rest)
        elif word == "slow":
            self.slow = True
        elif word == "write":
            path = self.tmp / self.expand(rest[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest[1])
        elif word == "run":
            self.run(rest)
        elif self.result is None:
            raise Failure(f"{word!r} before the first run, or no directive at all")
        elif word == "exit":
            self.check_exit(int(rest))
        elif word in ("stdout", "stderr", "!stdout", "!stderr"):
            self.check_text(word, rest)
        elif word == "stdout-json":
            self.check_json(rest)
        elif word == "file":
            self.check_file(rest)
        else:
            raise Failure(f"unknown directive {word!r}")

    def report(self, number, failure):
        """The failed directive, as a difference, with all that the command said."""
        print(f"{self.path}:{number}: {failure}")
        if self.result is None:
            return
        print(f"  run    | {self.command}\n  exit   | {self.result.returncode}")
        for stream in ("stdout", "stderr"):
            lines = getattr(self.result, stream).splitlines()
            for line in lines[:SHOWN_LINES]:
                print(f"  {stream} | {line}")
            if len(lines) > SHOWN_LINES:
                print(f"  {stream} | ... and {len(lines) - SHOWN_LINES} lines more")

    def execute(self):
        """True when all directives were met; raises Skip."""
        number = 0
        started = None
        try:
            for number, word, rest in parse(self.path.read_text()):
                if word == "run":
                    self.finish_run()
                    started = number
                self.directive(word, rest)
            number = started or number
            self.finish_run()
            if started is None:
                raise Failure("no run directive")
        except (Failure, ValueError) as failure:
            self.report(number, failure)
            return False
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hasten", required=True, help="the program under test")
    parser.add_argument("--with", dest="features", action="append", default=[], help="what it was built with: torch; unsanitized: no sanitizer")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    failed = skipped = 0
    for file in options.files:
        with tempfile.TemporaryDirectory(prefix="hasten-cli-") as tmp:
            try:
                failed += not TestFile(file, Path(options.hasten).resolve(), options.features, Path(tmp)).execute()
            except Skip as reason:
                print(f"{file}: skipped: {reason}")
                skipped += 1
    if failed:
        return 1
    return 77 if skipped == len(options.files) else 0


if __name__ == "__main__":
    sys.exit(main())
