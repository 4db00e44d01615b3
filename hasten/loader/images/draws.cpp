// Operations are named as where batches are changed (data/transform.cpp), so that both choose alike.
#include "hasten/loader/images/draws.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/rng.h"

namespace hasten {
namespace {

RandomStream stream_of(const SampleKey& key, uint64_t operation) {
  return {key.seed, operation, key.epoch, static_cast<uint64_t>(key.sample)};
}

}  // namespace

bool draw_flip(const SampleKey& key) { return (stream_of(key, operation("data.flip")).bits() & 1) != 0; }

bool draw_alternating_flip(const SampleKey& key) {
  const SampleKey of_sample{key.seed, 0, key.sample};
  return ((stream_of(of_sample, operation("alternating_flip.coin")).bits() ^ key.epoch) & 1) != 0;
}

Shift draw_translate(const SampleKey& key, int pixels) {
  RandomStream random = stream_of(key, operation("data.translate"));
  const auto range = static_cast<uint64_t>(2 * pixels + 1);
  Shift shift;
  shift.down = static_cast<int>(random.below(range)) - pixels;
  shift.right = static_cast<int>(random.below(range)) - pixels;
  return shift;
}

Rect draw_crop(const SampleKey& key, const ImageSize& size, const CropRanges& ranges) {
  RandomStream random = stream_of(key, operation("data.crop"));
  const double area = static_cast<double>(size.width) * size.height;
  const double low = std::log(ranges.least_ratio), high = std::log(ranges.most_ratio);
  for (int i = 0; i < 10; ++i) {
    const double wanted = area * random.uniform(ranges.least_area, ranges.most_area);
    const double ratio = std::exp(random.uniform(low, high));
    const auto width = std::lround(std::sqrt(wanted * ratio)), height = std::lround(std::sqrt(wanted / ratio));
    if (width < 1 || height < 1 || width > size.width || height > size.height) continue;
    Rect crop{0, 0, static_cast<int>(width), static_cast<int>(height)};
    crop.y = static_cast<int>(random.below(static_cast<uint64_t>(size.height - crop.height + 1)));
    crop.x = static_cast<int>(random.below(static_cast<uint64_t>(size.width - crop.width + 1)));
    return crop;
  }
  Rect crop{0, 0, size.width, size.height};
  const double ratio = static_cast<double>(size.width) / size.height;
  if (ratio < ranges.least_ratio) crop.height = static_cast<int>(std::lround(size.width / ranges.least_ratio));
  if (ratio > ranges.most_ratio) crop.width = static_cast<int>(std::lround(size.height * ranges.most_ratio));
  crop.width = std::clamp(crop.width, 1, size.width);
  crop.height = std::clamp(crop.height, 1, size.height);
  crop.x = (size.width - crop.width) / 2;
  crop.y = (size.height - crop.height) / 2;
  return crop;
}

}  // namespace hasten
