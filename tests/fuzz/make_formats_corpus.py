#!/usr/bin/env python3
"""Writes the seeds of fuzz_formats.cpp from small files of each kind: make_formats_corpus.py OUT. Needs Python alone.

The first byte says which parser a seed is for; the numbers are those of fuzz_formats.cpp.
"""

import gzip
import io
import json
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

PEERS = Path(__file__).resolve().parents[1] / "data" / "peers"
KINDS = ["beton", "mds_index", "mds_shard", "idx", "cifar", "tar", "npy_images", "tokens", "zip", "text", "vocabulary", "tar_fixed"]


def beton(name):
    """FFCV's file without the zeros of its pages: places are moved, nothing else changes."""
    data = gzip.decompress((PEERS / "ffcv" / name).read_bytes())
    _, fields, _, samples, table = struct.unpack_from("<HHIQQ", data)
    rows = [struct.unpack_from("<QQQ", data, at) for at in range(table, len(data), 24)][:4]
    metadata = 24 + fields * 1041
    # An aligned record of (image, int) is 24 bytes, of the one with all fields 96.
    size = {2: 24, 7: 96}[fields]
    head = bytearray(data[:metadata + 2 * size])
    struct.pack_into("<Q", head, 8, 2)
    rows = [row for row in rows if row[0] < 2]
    pages, moved = bytearray(), {}
    for sample, at, length in rows:
        moved[at] = len(head) + len(pages)
        pages += data[at:at + length]
    for at in range(metadata, len(head) - 7):
        value = struct.unpack_from("<Q", head, at)[0]
        if value in moved:
            struct.pack_into("<Q", head, at, moved[value])
    struct.pack_into("<Q", head, 16, len(head) + len(pages))
    return bytes(head + pages) + b"".join(struct.pack("<QQQ", s, moved[at], n) for s, at, n in rows)


def npy(kind, shape, values):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def tar(entries, form, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()[:4096] if mode == "w" else out.getvalue()


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d/text", b"text " * 40)
        archive.writestr("d/other", b"other", zipfile.ZIP_STORED)
    return out.getvalue()


def idx(dims, values):
    return bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", dim) for dim in dims) + values


def llmc(magic, version, count, tokens):
    return struct.pack("<III", magic, version, count).ljust(1024, b"\0") + tokens


def seeds():
    image, png = b"\xff\xd8\xff\xe0 jpeg", b"\x89PNG\r\n\x1a\n png"
    shard = {name: (PEERS / "streaming" / name / "shard.00000.mds").read_bytes() for name in ("array", "bytes", "text", "tokens")}
    yield "beton", beton("raw.beton.gz")
    yield "beton", beton("fields.beton.gz")
    for name in ("jpeg", "png-zstd", "array", "text"):
        yield "mds_index", (PEERS / "streaming" / name / "index.json").read_bytes()
    for columns, name in enumerate(("array", "bytes", "text", "tokens")):
        yield "mds_shard", bytes([columns]) + shard[name]
    yield "idx", idx([2, 3, 2], bytes(range(12)))
    yield "idx", gzip.compress(idx([2, 3, 2], bytes(range(12))), mtime=0)
    yield "cifar", bytes([3]) + bytes(3072)
    yield "tar", tar([("train/cat/1.jpg", image), ("train/dog/2.png", png)], tarfile.USTAR_FORMAT)
    yield "tar", tar([("a" * 120 + "/1.jpg", image)], tarfile.GNU_FORMAT)
    yield "tar", tar([("ä" * 80 + "/1.jpg", image)], tarfile.PAX_FORMAT)
    yield "tar", tar([("1.cls", b"7"), ("1.jpg", image)], tarfile.USTAR_FORMAT)
    yield "tar", gzip.compress(tar([("cat/1.jpg", image)], tarfile.USTAR_FORMAT), mtime=0)
    yield "tar_fixed", tar([("train/cat/1.jpg", image), ("test/cat/2.png", png)], tarfile.PAX_FORMAT)
    yield "tar_fixed", tar([("a" * 120 + "/1.jpg", image)], tarfile.GNU_FORMAT)
    yield "npy_images", npy("|u1", "(2, 2, 2, 3)", bytes(24))
    yield "npy_images", npy("|u1", "(2, 3, 2, 2)", bytes(24))
    yield "tokens", llmc(20240520, 1, 4, struct.pack("<4H", 1, 2, 3, 50256))
    yield "tokens", llmc(20240801, 7, 2, struct.pack("<2I", 1, 128255))
    yield "tokens", npy("<u2", "(3,)", struct.pack("<3H", 1, 2, 3))
    yield "tokens", npy("<i8", "(2,)", struct.pack("<2q", 1, 2))
    yield "tokens", struct.pack("<40I", *range(1000, 1040))
    yield "zip", zipped()
    yield "text", "hello wörld ✓ 😀\n".encode()
    yield "vocabulary", b"a\nb\n\\n\n\\s\nab\n<unk>\n"
    yield "vocabulary", b'["a", "b ", "<unk>"]'


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for number, (kind, content) in enumerate(seeds()):
        (out / f"{number:02}_{kind}").write_bytes(bytes([KINDS.index(kind)]) + content)


if __name__ == "__main__":
    main()
