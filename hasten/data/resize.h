// Batches of images brought to another size.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/spec/resizing.h"

namespace hasten {

// images [n, c, h, w] to [n, c, height, width], channels last in memory. Bilinear resizing averages over the pixels that a
// smaller one stands for (antialiased): skipping some would make other images, not smaller ones. A crop lies at the same
// place in all images of the step.
at::Tensor resized_images(const at::Tensor& images, int64_t height, int64_t width, Resizing mode, uint64_t seed,
                          int64_t step);

}  // namespace hasten
