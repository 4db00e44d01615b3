#!/usr/bin/env python3
"""Packs the bundle for a GPU machine, unpacks it elsewhere and builds there: every library has to come from the bundle.

  device_bundle_test.py --source DIR --torch PREFIX      PREFIX: a LibTorch, which the other machine has itself
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
# What the other machine brings: its C and C++ runtimes, its Python and PyTorch.
OWN = ("libc.so", "libm.so", "libstdc++", "libgcc_s", "libgomp", "ld-linux", "linux-vdso", "libpthread", "libdl", "librt",
       "libresolv", "libanl")


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\nexit {done.returncode}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--torch", required=True)
    args = parser.parse_args()
    for program in ("dpkg-query", "apt-cache", "git", "xz"):
        if shutil.which(program) is None:
            print(f"there is no {program}")
            return SKIP
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        run(args.source / "tools" / "device-bundle", "--no-data", "--out", folder / "bundle.tar.xz")
        run("tar", "xf", folder / "bundle.tar.xz", "-C", folder)
        bundle = folder / "hasten-device"
        # CMake's own list of system folders is what would find this machine's libraries.
        run(bundle / "build", "base_test", HASTEN_CUDA="OFF", HASTEN_TORCH_PREFIX=args.torch,
            HASTEN_CMAKE="-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF")
        commit = run("git", "-C", args.source, "rev-parse", "HEAD").strip()
        assert commit in (bundle / "build-release" / "generated" / "version.cpp").read_text()
        cache = (bundle / "build-release" / "CMakeCache.txt").read_text()
        found = [line.split("=", 1)[1] for line in cache.splitlines()
                 if line.split("=")[0].endswith((":FILEPATH", "_DIR:PATH", "_DIR:STRING")) and "=/" in line]
        libraries = [path for path in found if "/lib/" in path and ("lib/lib" in path or "/cmake/" in path or ".so" in path)]
        wrong = [path for path in libraries if not path.startswith((str(bundle), args.torch)) and "/bin/" not in path]
        assert len(libraries) > 8 and not wrong, (libraries, wrong)
        program = bundle / "build-release" / "bin" / "base_test"
        needed = [line.split() for line in run("ldd", program).splitlines()]
        strange = [words for words in needed if not words[0].rsplit("/", 1)[-1].startswith(OWN)
                   and not (len(words) > 2 and words[2].startswith((str(bundle), args.torch)))]
        assert not strange, strange
        print(run(bundle / "run", "base_test", "--gtest_brief=1"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
