// Batch norm of images whose channels lie last, and the activation behind it. A row is a pixel: [rows, channels].
#pragma once

#include "hasten/kernels/numbers.h"

namespace hasten::kernels {

enum class ChannelActivation : uint8_t { kNone, kRelu, kGelu };

// Adds sums of x - shift and of its squares to `sum` and `squares` [channels]; `shift` keeps differences of large numbers
// away.
void channel_sums(const Numbers& x, int64_t channels, const float* shift, int64_t begin, int64_t end, double* sum,
                  double* squares);

// y = f(x factor + term), per channel.
struct ChannelMap {
  Numbers x, y;
  int64_t channels = 0;
  const float *factor = nullptr, *term = nullptr;
  ChannelActivation activation = ChannelActivation::kNone;
  void rows(int64_t begin, int64_t end) const;
};

// The gradient of a batch norm by the batch's own statistics and of the activation behind it, in two passes with sums over
// all rows between them.
struct ChannelNormBackward {
  Numbers x, dy, dx;
  int64_t channels = 0;
  const float *factor = nullptr, *term = nullptr;  // as in the map
  const float *mean = nullptr, *rate = nullptr;  // of the batch
  ChannelActivation activation = ChannelActivation::kNone;
  // dx becomes dz = dy f'(z); adds sums of dz and of dz (x - mean) rate.
  void through_activation(int64_t begin, int64_t end, double* plain, double* along) const;
  // dx = factor (dz - plain - (x - mean) rate along), with the means of both sums.
  void through_norm(const float* plain, const float* along, int64_t begin, int64_t end) const;
};

}  // namespace hasten::kernels
