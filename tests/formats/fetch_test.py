#!/usr/bin/env python3
"""Runs `hasten data fetch` against a server that misbehaves: fetch_test.py --hasten PROGRAM"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fetch_base  # noqa: E402
from fetch_base import CONTENT, DIRECT  # noqa: E402


class FetchTest(fetch_base.Base):
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

    def test_content_that_is_wrong_is_not_kept(self):
        catalogue = self.catalogue(["ok/data.bin"])
        entry = json.loads(catalogue.read_text())
        entry["d"]["archive"] = "tar"
        catalogue.write_text(json.dumps(entry))
        self.assert_refused(self.run_command("d", "--catalogue", catalogue), "expected a header of a tar archive")
        self.assertEqual(os.listdir(self.path / "to"), [])

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
        return subprocess.Popen(self.command(*arguments), env={**os.environ, **DIRECT}, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

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
                                text=True, timeout=60, env={**os.environ, **DIRECT}, check=False)
        self.assert_refused(result, "cannot write")


if __name__ == "__main__":
    fetch_base.main(__doc__)
