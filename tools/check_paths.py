#!/usr/bin/env python3
"""Checks that no file names a folder of one machine, or leaves work for later unsaid in a comment."""

import re

import checklib

# Absolute paths below folders that differ from machine to machine. Not after a letter, a variable, a dot or a slash:
# that is a URL or a relative path.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}/:>*)\]-])/(?:home|root|work|workspace|farm|mnt|media|scratch|srv|opt|tmp|Users)(?:/[\w.-]+|\b(?=[\s\"'`,;)]|$))")
LEFT_OVER = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")


def check(root):
    for path in checklib.project_files(root):
        text = checklib.read(root / path)
        for number, line in enumerate((text or "").splitlines(), 1):
            for match in MACHINE_PATH.finditer(line):
                yield path, number, f"{match.group(0)} is a path of one machine"
            for match in LEFT_OVER.finditer(line):
                yield path, number, f"{match.group(0)}: do it, or write it where work is planned"


if __name__ == "__main__":
    checklib.main(check, __doc__)
