#!/usr/bin/env python3
"""Runs `hasten data fetch --from` with files, folders and archives, also hostile ones: fetch_from_test.py --hasten PROGRAM"""

import gzip
import io
import json
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fetch_base  # noqa: E402


def jpeg(text):
    return b"\xff\xd8\xff\xe0" + text


def idx(dims, values):
    return bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", dim) for dim in dims) + values


class FromTest(fetch_base.Base):
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
            self.assertEqual(os.listdir(self.path / "to"), [], "nothing is left of what was refused")
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
        listed = subprocess.run([fetch_base.HASTEN, "data", "list", "--json"], capture_output=True, text=True, check=True,
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


if __name__ == "__main__":
    fetch_base.main(__doc__)
