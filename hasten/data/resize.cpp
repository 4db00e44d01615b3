// Resizing by LibTorch's kernels.
#include "hasten/data/resize.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/_upsample_nearest_exact2d.h>

#include "hasten/base/rng.h"
#include "hasten/data/batch.h"

namespace hasten {
namespace {

at::Tensor cropped(const at::Tensor& images, int64_t height, int64_t width, RandomStream random) {
  const auto top = static_cast<int64_t>(random.below(static_cast<uint64_t>(images.size(2) - height + 1)));
  const auto left = static_cast<int64_t>(random.below(static_cast<uint64_t>(images.size(3) - width + 1)));
  return images.narrow(2, top, height).narrow(3, left, width);
}

}  // namespace

at::Tensor resized_images(const at::Tensor& images, int64_t height, int64_t width, Resizing mode, uint64_t seed,
                          int64_t step) {
  switch (mode) {
    case Resizing::kBilinear:
      return channels_last(at::_upsample_bilinear2d_aa(images, {height, width}, /*align_corners=*/false));
    case Resizing::kNearest: return channels_last(at::_upsample_nearest_exact2d(images, {height, width}));
    case Resizing::kCrop: break;
  }
  const RandomStream random(seed, operation("resized_images.crop"), static_cast<uint64_t>(step), 0);
  return channels_last(cropped(images, height, width, random));
}

}  // namespace hasten
