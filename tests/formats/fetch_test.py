#!/usr/bin/env python3
"""Runs `hasten data fetch` against a server that misbehaves and with archives that are hostile.

  fetch_test.py --hasten PROGRAM
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import misbehaving_server  # noqa: E402

HASTEN = None
CONTENT = random.Random(1).randbytes(600_000)


def jpeg(text):
    return b"\xff\xd8\xff\xe0" + text


def idx(dims, values):
    return bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", dim) for dim in dims) + values


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
        environment = {**os.environ, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=timeout, env=environment,
                              check=False)

    def fetch(self, *urls, options=(), **file):
        return self.run_command("d", "--catalogue", self.catalogue(urls, **file), "--stall", "1", *options)


class FetchTest(Base):
    """From the network."""

    def assert_fetched(self, result, content=CONTENT):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.path / "to/d/data.bin").read_bytes(), content)
        self.assertEqual(os.listdir(self.path / "to"), ["d"], "nothing is left beside it")
        self.assertEqual(os.listdir(self.path / "to/d"), ["data.bin"])

    def assert_refused(self, result, text, code=3):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(text, result.stderr)
        self.assertFalse((self.path / "to/d").exists())

    SHA = {"sha256": hashlib.sha256(CONTENT).hexdigest()}

    def test_plain(self):
        result = self.fetch("ok/data.bin", **self.SHA)
        self.assert_fetched(result)
        self.assertIn("checked: SHA-256 of data.bin", result.stdout)
        again = self.fetch("missing/data.bin", **self.SHA)
        self.assertEqual(again.returncode, 0)
        self.assertIn("is already in", again.stdout)

    def test_force_replaces(self):
        self.fetch("ok/data.bin")
        self.server.files["data.bin"] = b"newer"
        self.assert_fetched(self.fetch("ok/data.bin", options=["--force"]), b"newer")

    def test_what_is_there_and_not_complete_is_not_touched(self):
        (self.path / "to/d").mkdir(parents=True)
        (self.path / "to/d/mine.txt").write_text("mine")
        result = self.fetch("ok/data.bin", **self.SHA)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--force", result.stderr)
        self.assertEqual((self.path / "to/d/mine.txt").read_text(), "mine")

    def test_md5_and_size(self):
        self.assert_fetched(self.fetch("ok/data.bin", md5=hashlib.md5(CONTENT).hexdigest()))
        self.assertIn("MD5 of data.bin", self.fetch("ok/data.bin", md5=hashlib.md5(CONTENT).hexdigest(), options=["--force"]).stdout)
        self.assertIn("size of data.bin", self.fetch("ok/data.bin", bytes=len(CONTENT), options=["--force"]).stdout)
        self.assertIn("there is no checksum", self.fetch("ok/data.bin", options=["--force"]).stderr)

    def test_drops_are_resumed(self):
        self.assert_fetched(self.fetch("drop/150000/data.bin", **self.SHA))
        ranges = [entry[1:3] for entry in self.server.log]
        self.assertEqual(ranges[0], (None, None))
        self.assertEqual(ranges[1], ("bytes=150000-", '"v1"'))
        self.assertEqual(sum(entry[3] for entry in self.server.log), len(CONTENT), "no byte came twice")

    def test_drops_without_a_validator(self):
        self.assert_fetched(self.fetch("dropnoetag/150000/data.bin", **self.SHA))  # the checksum tells in the end
        self.assertEqual(sum(entry[3] for entry in self.server.log), len(CONTENT))

    def test_drops_without_validator_and_checksum_begin_anew(self):
        result = self.fetch("dropnoetag/150000/data.bin", options=["--retries", "1"])
        self.assert_refused(result, "could not be fetched")
        self.assertEqual({entry[1] for entry in self.server.log}, {None}, "no range was asked for")

    def test_drops_after_few_bytes_give_up(self):
        self.assert_refused(self.fetch("drop/100/data.bin", options=["--retries", "1"], **self.SHA), "could not be fetched")
        self.assertLessEqual(len(self.server.log), 2)

    def test_stall(self):
        started = time.monotonic()
        self.assert_fetched(self.fetch("stall/100000/data.bin", **self.SHA))
        self.assertLess(time.monotonic() - started, 15)
        self.assertEqual(self.server.log[1][1], "bytes=100000-")

    def test_stuck_server_then_mirror(self):
        result = self.fetch("stuck/data.bin", "ok/data.bin", options=["--retries", "0"], **self.SHA)
        self.assert_fetched(result)
        self.assertIn("nothing came for 1 s", result.stderr)

    def test_lies_about_length(self):
        self.assert_refused(self.fetch("short/data.bin", options=["--retries", "0"]), "could not be fetched")
        self.assert_refused(self.fetch("long/data.bin", options=["--retries", "0"], **self.SHA), "expected SHA-256")
        self.assert_refused(self.fetch("long/data.bin", options=["--retries", "0"], bytes=len(CONTENT)),
                            f"expected a file of {len(CONTENT)} bytes, the server says {len(CONTENT) // 2}")

    def test_sends_without_end(self):
        self.assert_refused(self.fetch("huge/data.bin", bytes=len(CONTENT)), "the server sends more")
        self.assertFalse(any(path.stat().st_size > len(CONTENT) for path in (self.path / "to").rglob("*")))

    def test_wrong_content_then_mirror(self):
        result = self.fetch("wrong/data.bin", "ok/data.bin", **self.SHA)
        self.assert_fetched(result)
        self.assertIn("expected SHA-256", result.stderr)
        shutil.rmtree(self.path / "to")
        self.assert_refused(self.fetch("wrong/data.bin", **self.SHA), "expected SHA-256")

    def test_file_changes_between_two_answers(self):
        self.assert_fetched(self.fetch("changing/data.bin"))  # If-Range sees it, without a checksum
        self.assertEqual(self.server.log[1][2], '"old"')

    def test_another_range_than_asked_for(self):
        self.assert_refused(self.fetch("badrange/data.bin", **self.SHA), "another range")

    def test_server_without_ranges(self):
        self.fetch("drop/150000/data.bin", options=["--retries", "0"], **self.SHA)
        self.assert_fetched(self.fetch("norange/data.bin", **self.SHA))

    def test_busy_is_waited_for(self):
        result = self.fetch("busy/2/data.bin", **self.SHA)
        self.assert_fetched(result)
        self.assertIn("the server says 503; again in 1.0 s", result.stderr)

    def test_missing_goes_on_to_the_mirror_at_once(self):
        started = time.monotonic()
        self.assert_fetched(self.fetch("missing/data.bin", "ok/data.bin", **self.SHA))
        self.assertLess(time.monotonic() - started, 5)
        shutil.rmtree(self.path / "to")
        self.assert_refused(self.fetch("missing/data.bin"), "the server says 404")

    def test_redirects(self):
        self.assert_fetched(self.fetch("to/ok/data.bin", **self.SHA))

    def test_endless_redirects(self):
        self.assert_refused(self.fetch("loop/data.bin"), "more than 5 redirects")
        self.assertLess(self.server.counts["/loop/data.bin"], 10)

    def test_redirects_to_files_are_refused(self):
        for kind in ("file", "ftp"):
            self.assert_refused(self.fetch(f"to/{kind}/data.bin"), "neither http nor https")
        self.assert_refused(self.fetch("file:///etc/passwd"), "http:// or https://", code=2)

    def test_from_address(self):
        catalogue = self.catalogue(["missing/data.bin"], **self.SHA)
        self.assert_fetched(self.run_command("d", "--catalogue", catalogue, "--from", f"{self.server.url}/ok/"))

    def start(self, *arguments):
        environment = {**os.environ, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        return subprocess.Popen(self.command(*arguments), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def test_killed_fetch_goes_on(self):
        catalogue = self.catalogue(["slow/data.bin"], **self.SHA)
        kills, there = 0, 0
        for _ in range(6):
            process = self.start("d", "--catalogue", catalogue)
            time.sleep(0.35)
            if process.poll() is None:
                process.kill()
                kills += 1
            process.communicate()
            part = self.path / "to/.d.fetch/files/data.bin.part"
            if part.exists():
                self.assertGreaterEqual(part.stat().st_size, there, "what had arrived is kept")
                there = part.stat().st_size
        self.assertGreater(kills, 1)
        self.assert_fetched(self.fetch("slow/data.bin", **self.SHA))
        self.assertIsNotNone(self.server.log[-1][1], "the last request asked for the rest only")

    def test_two_at_once(self):
        catalogue = self.catalogue(["slow/data.bin"], **self.SHA)
        processes = [self.start("d", "--catalogue", catalogue) for _ in range(3)]
        results = [process.communicate(timeout=60) + (process.returncode,) for process in processes]
        self.assertEqual([result[2] for result in results], [0, 0, 0], results)
        self.assertEqual((self.path / "to/d/data.bin").read_bytes(), CONTENT)
        self.assertEqual(os.listdir(self.path / "to"), ["d"])
        self.assertEqual(len(self.server.log), 1, "one fetched, the others waited")
        self.assertEqual(sum("another process fetches it" in result[1] for result in results), 2)

    def test_waiting_one_takes_over_from_a_killed_one(self):
        catalogue = self.catalogue(["slow/data.bin"], **self.SHA)
        first = self.start("d", "--catalogue", catalogue)
        time.sleep(0.4)
        second = self.start("d", "--catalogue", catalogue)
        time.sleep(0.3)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        output = second.communicate(timeout=60)
        self.assertEqual(second.returncode, 0, output)
        self.assertEqual((self.path / "to/d/data.bin").read_bytes(), CONTENT)
        self.assertEqual(os.listdir(self.path / "to"), ["d"])

    def test_full_disk_is_said(self):
        catalogue = self.catalogue(["ok/data.bin"], **self.SHA)
        command = " ".join(f"'{word}'" for word in self.command("d", "--catalogue", catalogue))
        result = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f 100; exec {command}"], capture_output=True,
                                text=True, timeout=60, env={**os.environ, "no_proxy": "127.0.0.1"}, check=False)
        self.assert_refused(result, "cannot write")


class FromTest(Base):
    """Data sets from files and folders that are here."""

    def images(self, count=(3, 2)):
        return {f"{part}/{name}/{i}.jpg": jpeg(f"{part} {name} {i}".encode())
                for part, n in zip(("train", "test"), count) for name in ("cat", "dog") for i in range(n)}

    def archive(self, name, files, mode="w"):
        path = self.path / name
        with tarfile.open(path, mode) as tar:
            for member, content in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return path

    def set_catalogue(self, **entry):
        path = self.path / "catalogue.json"
        path.write_text(json.dumps({"d": {"files": [{"name": "d.tar", "urls": ["http://127.0.0.1:1/d.tar"]}], **entry}}))
        return path

    def from_(self, source, *options, **entry):
        return self.run_command("d", "--catalogue", self.set_catalogue(**{"archive": "tar", **entry}), "--from", source, *options)

    def test_tar_becomes_a_folder(self):
        files = self.images()
        for mode, name in (("w", "a.tar"), ("w:gz", "a.tar.gz")):
            result = self.from_(self.archive(name, files, mode), "--force")
            self.assertEqual(result.returncode, 0, result.stderr)
            for member, content in files.items():
                self.assertEqual((self.path / "to/d" / member).read_bytes(), content)

    def test_common_folder_is_left_out(self):
        files = {"top/" + name: content for name, content in self.images().items()}
        self.assertEqual(self.from_(self.archive("a.tar", files)).returncode, 0)
        self.assertEqual(sorted(os.listdir(self.path / "to/d")), ["test", "train"])

    def test_tar_is_kept(self):
        path = self.archive("a.tar.gz", self.images(), "w:gz")
        result = self.from_(path, "--keep-tar")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.path / "to/d/a.tar").read_bytes(), gzip.decompress(path.read_bytes()))

    def test_folder_is_copied(self):
        source = self.path / "source"
        for name, content in self.images().items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        self.assertEqual(self.from_(source).returncode, 0)
        self.assertEqual((self.path / "to/d/test/dog/1.jpg").read_bytes(), jpeg(b"test dog 1"))
        (source / "train/link.jpg").symlink_to("/etc/passwd")
        self.assertIn("symbolic link", self.from_(source, "--force").stderr)

    def test_zip(self):
        path = self.path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("d/text", b"text " * 50_000)
            archive.writestr("d/other", b"other", zipfile.ZIP_STORED)
        result = self.from_(path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.path / "to/d/text").read_bytes(), b"text " * 50_000)
        damaged = bytearray(path.read_bytes())
        damaged[60] ^= 0xff
        path.write_bytes(damaged)
        self.assertEqual(self.from_(path, "--force").returncode, 3)

    def test_hostile_archives(self):
        def link(kind, target):
            def make(tar):
                info = tarfile.TarInfo("train/evil")
                info.type = kind
                info.linkname = target
                tar.addfile(info)
            return make

        def file(name):
            def make(tar):
                tar.addfile(tarfile.TarInfo(name), io.BytesIO())
            return make
        cases = [(file("../evil"), "leaves the folder"), (file("/tmp_evil"), "leaves the folder"),
                 (link(tarfile.SYMTYPE, "/etc"), "link or device"), (link(tarfile.LNKTYPE, "a"), "link or device"),
                 (link(tarfile.CHRTYPE, ""), "link or device"), (file("train/cat/0.jpg"), "each name once"),
                 (file("train"), "each name once")]
        for make, message in cases:
            path = self.archive("a.tar", self.images())
            with tarfile.open(path, "a") as tar:
                make(tar)
            result = self.from_(path)
            self.assertEqual(result.returncode, 3, message)
            self.assertIn(message, result.stderr)
            self.assertFalse((self.path / "to/d").exists())
        self.assertEqual(sorted(path.name for path in self.path.iterdir()), ["a.tar", "catalogue.json", "to"])

    def test_hostile_zips(self):
        def named(name, mode=0):
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = mode << 16
            return info
        for info, message in ((named("../evil"), "leaves the folder"), (named("a\\..\\..\\b"), "leaves the folder"),
                              (named("l", stat.S_IFLNK | 0o777), "link or device")):
            path = self.path / "a.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("good", b"good")
                archive.writestr(info, b"/etc/passwd")
            result = self.from_(path)
            self.assertEqual(result.returncode, 3)
            self.assertIn(message, result.stderr)

    def test_idx_from_folder(self):
        source = self.path / "mnist"
        source.mkdir()
        for part, count in (("train", 60000), ("t10k", 10000)):
            images, labels = idx([count, 28, 28], bytes(784 * count)), idx([count], bytes(count))
            (source / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, 1))
            (source / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, 1))
        result = self.run_command("mnist", "--from", source)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("60000 samples in train, 10000 samples in test", result.stdout)
        self.assertIn("note: not the published file", result.stderr)
        listed = subprocess.run([HASTEN, "data", "list", "--json"], capture_output=True, text=True, check=True,
                                env={**os.environ, "HASTEN_DATA": str(self.path / "to")})
        rows = {row["name"]: row for row in json.loads(listed.stdout)["data"]}
        self.assertTrue(rows["mnist"]["here"])
        self.assertFalse(rows["enwik8"]["here"])

    def test_wrong_content_is_refused(self):
        result = self.run_command("cifar-10", "--from", self.archive("a.tar", self.images()))
        self.assertEqual(result.returncode, 3)
        self.assertIn("expected 50000 samples in train, got 6", result.stderr)
        result = self.run_command("tiny-shakespeare", "--from", self.archive("a.tar", self.images()))
        self.assertEqual(result.returncode, 3)


def main():
    global HASTEN
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hasten", required=True)
    arguments, rest = parser.parse_known_args()
    HASTEN = arguments.hasten
    unittest.main(argv=[sys.argv[0], *rest], verbosity=1)


if __name__ == "__main__":
    main()
