// First across, row by row as they are needed, then down. Sums are of whole numbers, so all variants agree.
#include "hasten/loader/images/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/loader/images/resize_kernels.h"

namespace hasten {

void FilterTable::build(int length, double begin, double extent, int outputs, bool mirrored, int step_of_taps) {
  const double step = extent / outputs;
  const float support = std::max(static_cast<float>(step), 1.0f), per_pixel = 1.0f / support;
  // So many pixel centres at most lie inside of a window of 2 support; those at its ends weigh nothing.
  taps = static_cast<int>(std::ceil(2 * support));
  taps = (taps + step_of_taps - 1) / step_of_taps * step_of_taps;
  const int last_first = std::max(0, length - taps);
  first.resize(static_cast<size_t>(outputs));
  weights.resize(static_cast<size_t>(outputs) * static_cast<size_t>(taps));
  exact_.resize(static_cast<size_t>(taps));
  for (int i = 0; i < outputs; ++i) {
    const double centre = begin + (i + 0.5) * step;  // between pixels 0 and 1: 1.0
    const int low = std::clamp(static_cast<int>(std::floor(centre - support + 0.5)), 0, last_first);
    const auto offset = static_cast<float>(low + 0.5 - centre);
    float sum = 0;
    for (int k = 0; k < taps; ++k) {
      const float distance = std::abs(static_cast<float>(k) + offset) * per_pixel;
      const float weight = low + k < length ? std::max(0.0f, 1.0f - distance) : 0.0f;
      exact_[static_cast<size_t>(k)] = weight;
      sum += weight;
    }
    const int place = mirrored ? outputs - 1 - i : i;
    int16_t* to = weights.data() + static_cast<size_t>(place) * static_cast<size_t>(taps);
    const float unit = kFilterOne / sum;
    int left = kFilterOne, heaviest = 0;
    for (int k = 0; k < taps; ++k) {
      to[k] = static_cast<int16_t>(exact_[static_cast<size_t>(k)] * unit + 0.5f);
      left -= to[k];
      if (to[k] > to[heaviest]) heaviest = k;
    }
    to[heaviest] = static_cast<int16_t>(to[heaviest] + left);  // so that the sum is 1
    first[static_cast<size_t>(place)] = low;
  }
}

// Vector code reads some bytes beyond the last window: they must not lie beyond the end of the image.
const uint8_t* Resizer::source_row(const ImageView& from, int y) {
  const size_t bytes = static_cast<size_t>(from.width) * static_cast<size_t>(from.channels);
  const size_t beyond = static_cast<size_t>(across_.taps * from.channels) + kReadBeyond;
  if (static_cast<size_t>(from.height - 1 - y) * from.stride >= beyond) return from.row(y);
  end_.resize(bytes + beyond);
  std::memcpy(end_.data(), from.row(y), bytes);
  return end_.data();
}

void Resizer::run(const ImageView& from, const Box& box, int width, int height, bool mirrored, uint8_t* to) {
  HASTEN_CHECK(from.width > 0 && from.height > 0 && box.width > 0 && box.height > 0, "something to resize");
  const ResizeKernels& kernels = portable ? portable_kernels() : best_kernels();
  across_.build(from.width, box.x, box.width, width, mirrored, kernels.taps_at_once);
  down_.build(from.height, box.y, box.height, height, false, 1);
  kernels.arrange(across_, from.channels, weights_);

  const size_t row = (static_cast<size_t>(width) * static_cast<size_t>(from.channels) + 8 + 31) / 32 * 32;
  const int ring = down_.taps;
  rows_.resize(row * static_cast<size_t>(ring) + kReadBeyond);
  window_.resize(static_cast<size_t>(ring));
  const auto slot = [&](int y) { return rows_.data() + row * static_cast<size_t>(y % ring); };
  int done = down_.first[0];
  for (int y = 0; y < height; ++y) {
    const int first = down_.first[static_cast<size_t>(y)], end = std::min(first + ring, from.height);
    const int16_t* weights = down_.weights.data() + static_cast<size_t>(y) * static_cast<size_t>(ring);
    for (done = std::max(done, first); done < end; ++done)
      kernels.across(source_row(from, done), across_, weights_, from.channels, width, slot(done));
    // Only rows that weigh something.
    int count = 0;
    const int16_t* heavy = nullptr;
    for (int k = 0; k < end - first; ++k) {
      if (weights[k] == 0 && count == 0) continue;
      if (count == 0) heavy = weights + k;
      window_[static_cast<size_t>(count++)] = slot(first + k);
    }
    while (count > 1 && heavy[count - 1] == 0) --count;
    kernels.down(window_.data(), heavy, count, static_cast<size_t>(width) * static_cast<size_t>(from.channels), to);
    to += static_cast<size_t>(width) * static_cast<size_t>(from.channels);
  }
}

}  // namespace hasten
