#!/usr/bin/env python3
"""Installs the build into an empty folder, then builds and runs every example against it with find_package(hasten)."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

EXPECTED = {
    "custom_method": ["ok     resume", "ok     effects", "accuracy 0."],
    "custom_model": ["with ema weights", "refused: [method.dirac_init] expected a model that is made from a plan"],
}


def run(*command):
    result = subprocess.run([str(part) for part in command], text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}\n{result.stderr}\nexit {result.returncode}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("build", "source", "cmake", "prefix-path", "sanitize"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    examples = sorted(path.parent for path in (pathlib.Path(args.source) / "examples").glob("*/CMakeLists.txt"))
    if [path.name for path in examples] != sorted(EXPECTED):
        sys.exit(f"examples are {[path.name for path in examples]}, expected results are of {sorted(EXPECTED)}")
    with tempfile.TemporaryDirectory() as folder:
        installed = pathlib.Path(folder) / "installed"
        run(args.cmake, "--install", args.build, "--prefix", installed)
        for example in examples:
            build = pathlib.Path(folder) / example.name
            run(args.cmake, "-S", example, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                f"-DCMAKE_PREFIX_PATH={installed};{args.prefix_path}",
                f"-DCMAKE_CXX_FLAGS=-fsanitize={args.sanitize}" if args.sanitize else "-DCMAKE_CXX_FLAGS=")
            run(args.cmake, "--build", build)
            output = run(build / example.name, pathlib.Path(folder) / (example.name + "_run"))
            for line in EXPECTED[example.name]:
                if line not in output:
                    sys.exit(f"{example.name}: '{line}' is not in\n{output}")
            print(f"{example.name}:\n{output}")


if __name__ == "__main__":
    main()
