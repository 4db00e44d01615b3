"""What the checks in this folder share: which files there are, and how findings are told."""

import argparse
import subprocess
import sys
from pathlib import Path


def project_files(root):
    """Paths below root, relative, of our own files: what git tracks or would track, less third_party/."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True, check=True).stdout
    return sorted(Path(name) for name in listed.split("\0")
                  if name and not name.startswith("third_party/") and (root / name).is_file())


def read(path):
    """The text of a file, or None when it is not text."""
    data = path.read_bytes()
    return None if b"\0" in data else data.decode("utf-8", errors="replace")


def main(check, description):
    """Runs check(root), which yields (path, line, message), on the tree; prints findings and sets the exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    root = parser.parse_args().root.resolve()
    findings = [f"{path}:{line}: {message}" for path, line, message in check(root)]
    print("".join(finding + "\n" for finding in findings), end="")
    sys.exit(1 if findings else 0)
