#!/usr/bin/env python3
"""The peers' side of loader_vs_peers.py; runs in a Python that has them. One call reads one data set for one round and
prints a line of JSON: images a second after a warm-up, and how many images it was.

  loader_peers.py photos FOLDER COUNT           writes made-up pictures of 500 x 375, about 36 kB each
  loader_peers.py make KIND FOLDER OUT          writes OUT in the peer's own format from FOLDER/train/<class>/*.jpg
  loader_peers.py read KIND WORK PATH SECONDS WORKERS
KIND: ffcv, streaming, torch-pillow, torch-simplejpeg. WORK: cifar (pad by 4, crop 32, flip), photos (random resized crop
224, flip).
"""

import glob
import io
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data"))
from make_peer_files import Stubs  # noqa: E402

sys.meta_path.append(Stubs())  # Streaming imports clouds and tokenizers that it does not use here

BATCH = {"cifar": 512, "photos": 128}
SIDE = {"cifar": 32, "photos": 224}


def files_of(folder):
    classes = sorted(os.listdir(os.path.join(folder, "train")))
    return [(path, label) for label, name in enumerate(classes)
            for path in sorted(glob.glob(os.path.join(folder, "train", name, "*.jpg")))]


def random_resized_box(width, height, rng):
    """torchvision's: area from 0.35, ratio 3/4 to 4/3."""
    import math
    for _ in range(10):
        area = width * height * rng.uniform(0.35, 1.0)
        ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            x, y = rng.randint(0, width - w), rng.randint(0, height - h)
            return x, y, w, h
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side


def augment_array(array, work, rng):
    """Pad and crop, or nothing for photos, whose crop comes before; then a flip."""
    import numpy as np
    if work == "cifar":
        padded = np.pad(array, ((4, 4), (4, 4), (0, 0)), mode="reflect")
        y, x = rng.randint(0, 8), rng.randint(0, 8)
        array = padded[y:y + 32, x:x + 32]
    if rng.random() < 0.5:
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def image_of(data, work, rng, decoder):
    import numpy as np
    from PIL import Image
    if decoder == "pillow":
        image = Image.open(io.BytesIO(data)).convert("RGB")
        if work == "photos":
            x, y, w, h = random_resized_box(*image.size, rng)
            image = image.resize((224, 224), Image.BILINEAR, box=(x, y, x + w, y + h))
        return augment_array(np.asarray(image), work, rng)
    import simplejpeg
    array = simplejpeg.decode_jpeg(data)
    if work == "photos":
        import cv2
        x, y, w, h = random_resized_box(array.shape[1], array.shape[0], rng)
        array = cv2.resize(array[y:y + h, x:x + w], (224, 224), interpolation=cv2.INTER_AREA)
    return augment_array(array, work, rng)


def torch_loader(work, folder, workers, decoder):
    import torch

    class Files(torch.utils.data.Dataset):
        def __init__(self):
            self.files = files_of(folder)
            self.rng = random.Random(0)

        def __len__(self):
            return len(self.files)

        def __getitem__(self, i):
            path, label = self.files[i]
            with open(path, "rb") as file:
                return torch.from_numpy(image_of(file.read(), work, self.rng, decoder)), label

    return torch.utils.data.DataLoader(Files(), batch_size=BATCH[work], shuffle=True, num_workers=workers,
                                       drop_last=True, persistent_workers=True)


def streaming_loader(work, path, workers):
    import torch
    from streaming import StreamingDataset

    class Shards(StreamingDataset):
        rng = random.Random(0)

        def __getitem__(self, i):
            sample = super().__getitem__(i)
            return torch.from_numpy(image_of(sample["image"], work, self.rng, "simplejpeg")), sample["label"]

    data = Shards(local=path, shuffle=True, batch_size=BATCH[work])
    return torch.utils.data.DataLoader(data, batch_size=BATCH[work], num_workers=workers, drop_last=True,
                                       persistent_workers=True)


def ffcv_loader(work, path, workers):
    from ffcv.fields.basics import IntDecoder
    from ffcv.fields.decoders import RandomResizedCropRGBImageDecoder, SimpleRGBImageDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import RandomHorizontalFlip, RandomTranslate, ToTensor
    if work == "cifar":
        image = [SimpleRGBImageDecoder(), RandomHorizontalFlip(), RandomTranslate(padding=4), ToTensor()]
    else:
        image = [RandomResizedCropRGBImageDecoder((224, 224), scale=(0.35, 1.0)), RandomHorizontalFlip(), ToTensor()]
    return Loader(path, batch_size=BATCH[work], num_workers=workers, order=OrderOption.RANDOM, os_cache=True,
                  drop_last=True, pipelines={"image": image, "label": [IntDecoder(), ToTensor()]})


def photos(folder, count):
    """Octaves of noise and flat shapes: as many bytes at quality 75 as photographs of this size have."""
    import numpy as np
    from PIL import Image
    rng = np.random.default_rng(0)
    for i in range(count):
        light = np.full((375, 500, 3), 120.0)
        for cell in (1, 2, 4, 8, 16, 32, 64, 128):
            down, across = 375 // cell + 2, 500 // cell + 2
            grid = rng.uniform(-1, 1, (down, across, 1)) + (rng.uniform(-0.4, 0.4, (down, across, 3)) if cell > 4 else 0)
            scale = (6 if cell == 1 else 12 * cell**0.3) * np.broadcast_to(grid, (down, across, 3))
            for c in range(3):
                octave = Image.fromarray(scale[:, :, c].astype(np.float32))
                light[:, :, c] += np.asarray(octave.resize((500, 375), Image.BILINEAR))
        y, x = np.mgrid[:375, :500]
        for _ in range(8):
            inside = np.hypot(x - rng.uniform(0, 500), (y - rng.uniform(0, 375)) * rng.uniform(0.4, 2)) < rng.uniform(10, 120)
            light[inside] += rng.uniform(-50, 50, 3)
        place = os.path.join(folder, "train", str(i % 10))
        os.makedirs(place, exist_ok=True)
        Image.fromarray(light.clip(0, 255).astype(np.uint8)).save(os.path.join(place, f"{i:05}.jpg"), quality=75)


def quality_of(files):
    """At which FFCV's encoder makes about as many bytes as the files have: it cannot keep them."""
    import cv2
    some = files[::max(1, len(files) // 200)]
    bytes_wanted = sum(os.path.getsize(path) for path, _ in some)
    pixels = [cv2.imread(path) for path, _ in some]

    def size(quality):
        return sum(len(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]) for image in pixels)

    return min(range(60, 99), key=lambda quality: abs(size(quality) - bytes_wanted))


def make(kind, folder, out):
    files = files_of(folder)
    if kind == "ffcv":
        import numpy as np
        from PIL import Image
        from ffcv.fields import IntField, RGBImageField
        from ffcv.writer import DatasetWriter

        class Files:
            def __len__(self):
                return len(files)

            def __getitem__(self, i):
                with Image.open(files[i][0]) as image:
                    return np.asarray(image.convert("RGB")), files[i][1]

        DatasetWriter(out, {"image": RGBImageField(write_mode="jpg", jpeg_quality=quality_of(files)), "label": IntField()},
                      num_workers=2).from_indexed_dataset(Files())
        return
    from streaming import MDSWriter
    with MDSWriter(out=out, columns={"image": "bytes", "label": "int"}) as writer:
        for path, label in files:
            with open(path, "rb") as file:
                writer.write({"image": file.read(), "label": label})


def read(kind, work, path, seconds, workers):
    loader = {"ffcv": lambda: ffcv_loader(work, path, workers),
              "streaming": lambda: streaming_loader(work, path, workers),
              "torch-pillow": lambda: torch_loader(work, path, workers, "pillow"),
              "torch-simplejpeg": lambda: torch_loader(work, path, workers, "simplejpeg")}[kind]()
    images, begin, warm, total, checked = 0, None, 0, 0.0, None
    start = time.monotonic()
    while begin is None or time.monotonic() - begin < seconds:
        for batch in loader:
            first = batch[0]
            shape = tuple(first.shape[1:])
            if checked is None:
                side = SIDE[work]
                assert sorted(shape) == sorted((side, side, 3)), shape
                checked = float(first.float().mean())
            warm += 1
            if begin is None:  # compiling and starting workers is not what is measured
                if warm > 10:
                    begin = time.monotonic()
                continue
            images += len(first)
            if time.monotonic() - begin >= seconds:
                break
    total = time.monotonic() - begin
    print(json.dumps({"images_per_s": images / total, "images": images, "start_s": begin - start, "mean": checked}))
    sys.stdout.flush()
    os._exit(0)  # the peers' workers are slow to end


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(*sys.argv[2:5])
    elif sys.argv[1] == "photos":
        photos(sys.argv[2], int(sys.argv[3]))
    else:
        read(sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]), int(sys.argv[6]))
