#!/usr/bin/env python3
"""Checks that links in Markdown files lead somewhere, and that every dependency has its row in docs/dependencies.md."""

import re
from pathlib import Path

import checklib

LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
CODE_SPAN = re.compile(r"`[^`\n]*`")
FENCE = re.compile(r"^(```|~~~)")
LISTS = ("tools/packages.txt", "tools/requirements.txt", "tools/requirements-dev.txt")


def prose(text):
    """Yields (number, line) outside fenced code, with code spans blanked."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line.lstrip()):
            fenced = not fenced
        elif not fenced:
            yield number, CODE_SPAN.sub("", line)


def anchors(path):
    """The anchors that a page's headings get on GitHub."""
    found = set()
    fenced = False
    for line in checklib.read(path).splitlines():
        if FENCE.match(line.lstrip()):
            fenced = not fenced
        heading = None if fenced else re.match(r"#+\s+(.*)", line)
        if heading:
            slug = re.sub(r"[^\w\- ]", "", heading.group(1).lower()).replace(" ", "-")
            count = sum(1 for other in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", other))
            found.add(f"{slug}-{count}" if count else slug)
    return found


def check_links(root, path):
    for number, line in prose(checklib.read(root / path)):
        for target in LINK.findall(line):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (root / path.parent / name) if name else root / path
            if not file.exists():
                yield path, number, f"link to {target}: no such file"
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                yield path, number, f"link to {target}: no such heading"


def check_dependencies(root):
    page = Path("docs/dependencies.md")
    rows = [line for line in (checklib.read(root / page) if (root / page).exists() else "").splitlines()
            if line.startswith("|")]
    for name in LISTS:
        if not (root / name).exists():
            continue
        for number, line in enumerate((root / name).read_text().splitlines(), 1):
            package = re.split(r"[\s=<>#]", line, maxsplit=1)[0]
            if package and not any(f"`{package}`" in row for row in rows):
                yield Path(name), number, f"{package} has no row in {page}"


def check(root):
    for path in checklib.project_files(root):
        if path.suffix == ".md":
            yield from check_links(root, path)
    yield from check_dependencies(root)


if __name__ == "__main__":
    checklib.main(check, __doc__)
