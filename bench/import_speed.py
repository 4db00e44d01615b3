#!/usr/bin/env python3
"""How fast logs are imported, and in how much memory: JSONL, CSV and TensorBoard event files of gigabytes.

  bench/import_speed.py build/release/hasten [--gigabytes 2] [--repeats 3] [--folder DIR] [--formats jsonl,csv,tensorboard]

Makes the files (ten columns of numbers a line; ten scalars a step), imports each `repeats` times on one core with output to
the same disk, and checks what was written: the number of events, the number of values, and their sum against the input's.
MB/s per core are bytes of the log by the seconds that the core worked, in the program and in the system on its behalf; beside
them those by the clock, which on a disk slower than the program are the disk's (--folder /dev/shm is memory). Needs numpy."""
import argparse
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy as np

COLUMNS = ["train/loss", "train/accuracy", "grad_norm", "weight_norm", "validation/loss", "validation/accuracy", "throughput"]
FIELDS = ["step", "t_train", "lr"]
POOL = 4001  # different rows; a prime, so that no period of the file meets it
TAGS = ["train/loss", "train/accuracy", "validation/loss", "validation/accuracy", "lr", "grad_norm", "weight_norm",
        "perf/samples_per_s", "perf/step_s", "perf/memory_gb"]


def pool_of_rows():
    """Values as programs print them: shortest text of a double, of a float, or rounded."""
    random = np.random.default_rng(7)
    rows = []
    for _ in range(POOL):
        loss = 2.5 * random.random() + 0.1
        rows.append([repr(loss), f"{random.random():.6f}", repr(float(np.float32(random.gamma(2.0)))), f"{random.random() * 90:.4f}",
                     repr(loss * 1.07), f"{random.random():.4f}", f"{random.random() * 1e4:.2f}"])
    return rows


def write_text(path, size, line_of):
    """Lines until `size` bytes: line_of(step, row) -> text. Returns lines and the sum of the metrics' values."""
    rows = pool_of_rows()
    sums = [sum(float(v) for v in row) for row in rows]
    tails = [line_of(row) for row in rows]
    lines, total, written = 0, 0.0, 0
    with open(path, "ab") as file:
        while written < size:
            block = "".join(tails[i % POOL](i) for i in range(lines, lines + 100000)).encode()
            total += sum(sums[i % POOL] for i in range(lines, lines + 100000))
            lines += 100000
            written += file.write(block)
    return lines, lines * len(COLUMNS), total


def make_jsonl(folder, size):
    path = folder / "log.jsonl"

    def line_of(row):
        tail = "".join(f', "{name}": {value}' for name, value in zip(COLUMNS, row)) + "}\n"
        return lambda i: f'{{"step": {i}, "t_train": {i * 0.173:.3f}, "lr": {3e-4 * (1 - i / 1e8):.6e}{tail}'
    return path, *write_text(path, size, line_of)


def make_csv(folder, size):
    path = folder / "log.csv"
    path.write_text(",".join(FIELDS + COLUMNS) + "\n")

    def line_of(row):
        tail = "," + ",".join(row) + "\n"
        return lambda i: f"{i},{i * 0.173:.3f},{3e-4 * (1 - i / 1e8):.6e}{tail}"
    return path, *write_text(path, size, line_of)


def crc_table():
    table = np.zeros(256, np.uint32)
    for i in range(256):
        value = i
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table[i] = value
    return table


TABLE = crc_table()


def masked_crc(bytes_of_records):
    """Of every row of a matrix of bytes."""
    crc = np.full(len(bytes_of_records), 0xFFFFFFFF, np.uint32)
    for column in bytes_of_records.T:
        crc = TABLE[(crc ^ column) & 255] ^ (crc >> 8)
    crc = ~crc
    return ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)


def varint_length(number):
    return max(1, (int(number).bit_length() + 6) // 7)


def event_records(tag, steps, times, values):
    """Events of one tag as SummaryWriter writes them, one row of bytes each; all steps have varints of one length."""
    name = tag.encode()
    digits = varint_length(steps[0])
    step = np.stack([((steps >> (7 * d)) & 127) | (128 if d + 1 < digits else 0) for d in range(digits)], 1).astype(np.uint8)
    value = bytes([0x0A, len(name)]) + name + bytes([0x15])  # tag, simple_value
    head = bytes([0x2A, len(value) + 6, 0x0A, len(value) + 4]) + value  # summary { value {

    def constant(text):
        return np.tile(np.frombuffer(text, np.uint8), (len(steps), 1))
    body = np.concatenate([constant(b"\x09"), times.astype("<f8").view(np.uint8).reshape(-1, 8), constant(b"\x10"), step,
                           constant(head), values.astype("<f4").view(np.uint8).reshape(-1, 4)], 1)
    length = np.frombuffer(np.uint64(body.shape[1]).tobytes(), np.uint8)[None]
    frame = np.concatenate([length, masked_crc(length).view(np.uint8).reshape(-1, 4)], 1)
    return np.concatenate([np.tile(frame, (len(steps), 1)), body, masked_crc(body).view(np.uint8).reshape(-1, 4)], 1)


def make_tensorboard(folder, size):
    path = folder / "events.out.tfevents.1700000000.host.1.0"
    random = np.random.default_rng(7)
    events, total, written, step = 0, 0.0, 0, 1
    with open(path, "wb") as file:
        while written < size:
            end = min(step + 20000, 1 << (7 * varint_length(step)))  # steps of one length
            steps = np.arange(step, end)
            columns = []
            for t, tag in enumerate(TAGS):
                values = random.random(len(steps)).astype(np.float32) * np.float32(3)
                total += float(values.astype(np.float64).sum())
                columns.append(event_records(tag, steps, 1.7e9 + 0.173 * steps + 1e-5 * t, values))
            events += len(steps) * len(TAGS)
            written += file.write(np.concatenate(columns, 1).tobytes())  # the tags of a step lie side by side
            step = end
    return path, events, events, total


MAKERS = {"jsonl": make_jsonl, "csv": make_csv, "tensorboard": make_tensorboard}


# In a small process of its own: what a program's peak memory is said to be includes the process that started it.
ONE_RUN = """
import os, sys, time
begin = time.perf_counter()
child = os.fork()
if child == 0:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def run_on_one_core(command):
    """Seconds that passed, seconds that the core worked for it, peak memory in MiB."""
    done = subprocess.run([sys.executable, "-S", "-c", ONE_RUN, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return [float(word) for word in done.stdout.split()]


def check(out, events, values, total):
    """Reads the imported events back: how many, and the sum of all metrics."""
    pattern = re.compile(rb'"value":([^,}]+)')
    seen_events = seen_values = 0
    seen_total = 0.0
    (log,) = out.glob("**/events.jsonl")
    with open(log, "rb") as file:
        rest = b""
        while block := file.read(1 << 26):
            cut = block.rfind(b"\n") + 1
            text, rest = rest + block[:cut], block[cut:]
            seen_events += text.count(b"\n")
            numbers = np.array(pattern.findall(text)).astype(np.float64)
            seen_values += len(numbers)
            seen_total += float(numbers.sum())
    if rest or (seen_events, seen_values) != (events, values) or abs(seen_total / total - 1) > 1e-9:
        sys.exit(f"wrong result in {log}: {seen_events} events, {seen_values} values, sum {seen_total!r}; "
                 f"expected {events}, {values}, {total!r}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program", type=pathlib.Path)
    options.add_argument("--gigabytes", type=float, default=2)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--formats", default=",".join(MAKERS))
    options.add_argument("--folder", type=pathlib.Path, help="for the files (else: a temporary one); needs eight times the size")
    flags = options.parse_args()
    program = str(flags.program.resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="import_speed_", dir=flags.folder))
    print(f"{platform.machine()}, {os.cpu_count()} cores, one used; medians of {flags.repeats}")
    print(f"{'format':12} {'MB':>6} {'events':>10} {'values':>10} {'MB/s per core':>14} {'least':>6} {'by the clock':>13} {'MiB':>5}")
    try:
        for name in flags.formats.split(","):
            path, events, values, total = MAKERS[name](folder, flags.gigabytes * 1e9)
            size = path.stat().st_size / 1e6
            runs = []
            for _ in range(flags.repeats):
                out = folder / "runs"
                shutil.rmtree(out, ignore_errors=True)
                runs.append(run_on_one_core([program, "import", name, str(path), "--out", str(out)]))
            check(out, events, values, total)
            shutil.rmtree(out)
            path.unlink()
            clock, work, memory = zip(*runs)
            print(f"{name:12} {size:6.0f} {events:10} {values:10} {size / statistics.median(work):14.0f} {size / max(work):6.0f} "
                  f"{size / statistics.median(clock):13.0f} {max(memory):5.0f}", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
