"""What the peers share: settings of the process, clocks, the log, data."""
import argparse
import gzip
import json
import os
import pathlib
import sys
import time

# Freed memory stays with the process: page faults cost convolutional networks a quarter of their time and more.
THRESHOLDS = {"MALLOC_TRIM_THRESHOLD_": str(2**36), "MALLOC_MMAP_THRESHOLD_": str(2**34), "MALLOC_TOP_PAD_": str(2**26)}


def raise_thresholds():
    """They are read when a process starts, so it starts again."""
    if all(os.environ.get(name) == value for name, value in THRESHOLDS.items()):
        return
    os.environ.update(THRESHOLDS)
    os.execv(sys.executable, [sys.executable] + sys.argv)


def arguments(description, **defaults):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="where the data set lies")
    parser.add_argument("--out", help="JSON lines, one an evaluation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--group", default="peer", help="what records call these runs")
    parser.add_argument("--validation", action="store_true", help="train without a part of the training data and evaluate on that")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--as-installed", action="store_true", help="leave the allocator's thresholds alone")
    parser.add_argument("--evaluate", type=int, default=0, help="steps between evaluations; 0: at the end only")
    for name, (value, text) in defaults.items():
        kind = type(value)
        if kind is bool:
            parser.add_argument("--" + name, action=argparse.BooleanOptionalAction, default=value, help=text)
        else:
            parser.add_argument("--" + name, type=kind, default=value, help=f"{text} ({value})")
    chosen = parser.parse_args()
    if not chosen.as_installed:
        raise_thresholds()
    import torch
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    return chosen


class Run:
    """Steps of training with evaluations between them, each on its own clock, and the log. Data that was loaded before is not
    counted. `evaluate` returns what was measured, by name."""

    def __init__(self, options, steps, batch, evaluate):
        self.options, self.steps, self.batch, self.evaluate = options, steps, batch, evaluate
        self.file = open(options.out, "w") if options.out else sys.stdout
        self.done, self.train_s, self.evaluation_s = 0, 0.0, 0.0
        self.began = time.perf_counter()

    def stepped(self):
        """Behind every step; evaluates where it is due, and at the end."""
        self.done += 1
        every = self.options.evaluate
        if self.done < self.steps and (not every or self.done % every != 0):
            return
        now = time.perf_counter()
        self.train_s += now - self.began
        measured = self.evaluate()
        self.began = time.perf_counter()
        self.evaluation_s += self.began - now
        line = {"group": self.options.group, "seed": self.options.seed, "planned_steps": self.steps, "step": self.done,
                "samples": self.done * self.batch, "t_train": self.train_s, "t_eval": self.evaluation_s,
                "t_total": self.train_s + self.evaluation_s, **measured}
        print(json.dumps(line), file=self.file, flush=True)


def accuracy(net, predict, inputs, labels, batch=1000):
    """Of `predict` on inputs, with the network in its mode for evaluation."""
    import torch
    net.eval()
    with torch.no_grad():
        right = sum((predict(x).argmax(1) == y).sum().item() for x, y in zip(inputs.split(batch), labels.split(batch)))
    net.train()
    return {"accuracy": right / len(labels)}


def normalised(images, *others):
    """All as fp32 with the mean and deviation of the first a channel, channels last in memory."""
    import torch
    pixels = images.float() / 255
    mean, deviation = [f(pixels, (0, 2, 3), keepdim=True) for f in (torch.mean, torch.std)]
    return [((x.float() / 255 - mean) / deviation).to(memory_format=torch.channels_last) for x in (images, *others)]


def idx_images(folder, part):
    """uint8 [n, 1, height, width] and labels of a data set in MNIST's format."""
    import numpy
    import torch

    def read(name):
        for path in (pathlib.Path(folder) / name, pathlib.Path(folder) / (name + ".gz")):
            if path.exists():
                opened = gzip.open(path) if path.suffix == ".gz" else open(path, "rb")
                with opened:
                    return opened.read()
        raise SystemExit(f"no {name} in {folder}")

    stem = {"train": "train", "test": "t10k"}[part]
    images = numpy.frombuffer(read(f"{stem}-images-idx3-ubyte"), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    labels = numpy.frombuffer(read(f"{stem}-labels-idx1-ubyte"), numpy.uint8, offset=8)
    return torch.from_numpy(images.copy()), torch.from_numpy(labels.astype("int64"))


def folder_images(folder, part):
    """uint8 [n, 3, height, width] and labels of an image folder; decoded once, and kept beside it as .npy."""
    import numpy
    import torch
    from PIL import Image
    kept = pathlib.Path(folder) / f".{part}.npz"
    if not kept.exists():
        images, labels = [], []
        for label, name in enumerate(sorted(p.name for p in (pathlib.Path(folder) / part).iterdir() if p.is_dir())):
            for path in sorted((pathlib.Path(folder) / part / name).iterdir()):
                images.append(numpy.asarray(Image.open(path).convert("RGB")))
                labels.append(label)
        numpy.savez(kept, images=numpy.stack(images).transpose(0, 3, 1, 2), labels=numpy.array(labels))
    stored = numpy.load(kept)
    return torch.from_numpy(stored["images"]), torch.from_numpy(stored["labels"].astype("int64"))


def images_of(options):
    """(train images, train labels), (test images, test labels); with --validation 10,000 of the training images in place of the test."""
    folder = options.data
    read = folder_images if (pathlib.Path(folder) / "train").is_dir() else idx_images
    images, labels = read(folder, "train")
    if not options.validation:
        return (images, labels), read(folder, "test")
    import torch
    # Folders come class by class, so a part of them is drawn.
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))
    rest, held = order[:-10_000], order[-10_000:]
    return (images[rest], labels[rest]), (images[held], labels[held])


def characters_of(options):
    """Training nine tenths and validation tenth of a text by character, and how many characters there are; with --validation of the
    first nine tenths."""
    import torch
    text = pathlib.Path(options.data).read_text()
    known = {c: i for i, c in enumerate(sorted(set(text)))}
    tokens = torch.tensor([known[c] for c in text])
    if options.validation:
        tokens = tokens[:int(0.9 * len(tokens))]
    cut = int(0.9 * len(tokens))
    return tokens[:cut], tokens[cut:], len(known)


def text_loss(net, logits_of, tokens, context, batch=64):
    """Nats a character over the whole text: windows side by side, the last one ends where the text does."""
    import torch
    from torch.nn import functional
    starts = list(range(0, len(tokens) - 1 - context, context)) + [len(tokens) - 1 - context]
    total = counted = 0
    net.eval()
    with torch.no_grad():
        for at in range(0, len(starts), batch):
            some = starts[at:at + batch]
            rows = torch.stack([tokens[s:s + context + 1] for s in some])
            losses = functional.cross_entropy(logits_of(rows[:, :-1]).float().flatten(0, 1), rows[:, 1:].flatten(),
                                              reduction="none").view(len(some), context)
            if some[-1] == starts[-1] and len(starts) > 1:
                losses = losses.clone()
                seen = starts[-2] + context - starts[-1]  # targets that the window before has had
                losses[-1, :seen] = 0
                counted -= seen
            total += losses.sum().item()
            counted += losses.numel()
    net.train()
    return {"loss": total / counted}
