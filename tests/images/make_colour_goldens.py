#!/usr/bin/env python3
"""Writes what Pillow makes of a small picture, for colour_test.cpp:
make_colour_goldens.py > ../../hasten/loader/images/colour_goldens.inc

Calls are those of torchvision's functional_pil.py; made with Pillow 12.0.0 and numpy."""

import math

import numpy
from PIL import Image, ImageEnhance, ImageOps


def picture(width, height, dim=False):
    values = numpy.zeros((height, width, 3), dtype=numpy.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                value = (3 * x * x + 5 * y * y + x * y * (c + 2) + 40 * c + 17 * x) & 255
                values[y, x, c] = 50 + value * 5 // 12 if dim else value
    return Image.fromarray(values)


def hue(image, turn):
    h, s, v = image.convert("HSV").split()
    shifted = (numpy.array(h).astype(numpy.int32) + int(turn * 255)) & 255
    return Image.merge("HSV", (Image.fromarray(shifted.astype(numpy.uint8)), s, v)).convert("RGB")


def affine(image, matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


small, dim, large = picture(13, 9), picture(13, 9, dim=True), picture(28, 24)
results = []
for factor in (0, 0.3, 1, 1.7):
    results.append((f"brightness {factor}", ImageEnhance.Brightness(small).enhance(factor)))
    results.append((f"contrast {factor}", ImageEnhance.Contrast(small).enhance(factor)))
    results.append((f"saturation {factor}", ImageEnhance.Color(small).enhance(factor)))
    results.append((f"sharpness {factor}", ImageEnhance.Sharpness(small).enhance(factor)))
for turn in (-0.5, -0.1, 0, 0.07, 0.31, 0.5):
    results.append((f"hue {turn}", hue(small, turn)))
results.append(("grey 0", Image.merge("RGB", [small.convert("L")] * 3)))
for bits in (0, 1, 4, 8):
    results.append((f"posterize {bits}", ImageOps.posterize(small, bits) if bits else Image.new("RGB", small.size)))
for threshold in (0, 100.5, 128, 256):
    results.append((f"solarize {threshold}", ImageOps.solarize(small, threshold)))
results.append(("autocontrast 0", ImageOps.autocontrast(dim)))
results.append(("equalize 0", ImageOps.equalize(large)))
for slope in (0.3, -0.99):
    # What torchvision's _get_inverse_affine_matrix gives for a shear about (0, 0).
    results.append((f"shear_x {slope}", affine(small, (1, math.tan(math.atan(slope)), 0, 0, 1, 0))))
    results.append((f"shear_y {slope}", affine(small, (1, 0, 0, math.tan(math.atan(slope)), 1, 0))))
for pixels in (3, -5):
    results.append((f"translate_x {pixels}", affine(small, (1, 0, -pixels, 0, 1, 0))))
    results.append((f"translate_y {pixels}", affine(small, (1, 0, 0, 0, 1, -pixels))))
for degrees in (0, 13, -30, 90, 135):
    results.append((f"rotate {degrees}", small.rotate(degrees, Image.Resampling.NEAREST)))

print("// What Pillow makes of the picture of colour_test.cpp; by tests/images/make_colour_goldens.py.")
for name, image in results:
    print(f'{{"{name}", "{image.tobytes().hex()}"}},')
