// The random choices of image operations: functions of the sample's key, so that they can be made anywhere again.
#pragma once

#include "hasten/loader/codecs/decode.h"
#include "hasten/loader/sample_work.h"

namespace hasten {

// Mirrored or not: a coin of the sample and the epoch.
bool draw_flip(const SampleKey& key);
// A coin of the sample, turned over in each odd epoch.
bool draw_alternating_flip(const SampleKey& key);

// out[y][x] = in[y + down][x + right].
struct Shift {
  int down = 0, right = 0;
  bool operator==(const Shift&) const = default;
};
// Each direction uniform in -pixels .. pixels.
Shift draw_translate(const SampleKey& key, int pixels);

// What part of an image a random crop is: area as a share of the image's, and width / height.
struct CropRanges {
  double least_area = 0.08, most_area = 1;
  double least_ratio = 3.0 / 4, most_ratio = 4.0 / 3;
  bool operator==(const CropRanges&) const = default;
};
// Area uniform, ratio uniform in its logarithm, place uniform; after ten draws that do not fit, the largest crop in the
// middle that has a ratio in range (Szegedy et al. 2014, as torchvision's RandomResizedCrop).
Rect draw_crop(const SampleKey& key, const ImageSize& size, const CropRanges& ranges);

}  // namespace hasten
