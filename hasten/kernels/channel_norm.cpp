// Pixel by pixel; the inner loops go over channels.
#include "hasten/kernels/channel_norm.h"

#include <algorithm>
#include <vector>

#include "hasten/kernels/functions.h"
#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

using Row = std::vector<float>;
// Rows whose sums are kept in fp32 before they go into doubles.
constexpr int64_t kTogether = 64;

HASTEN_VECTORISED void add_moments(const float* x, const float* shift, int64_t n, float* sum, float* squares) {
  for (int64_t i = 0; i < n; ++i) {
    const float away = x[i] - shift[i];
    sum[i] += away;
    squares[i] += away * away;
  }
}

HASTEN_VECTORISED void widen_sums(float* from, int64_t n, double* to) {
  for (int64_t i = 0; i < n; ++i) {
    to[i] += from[i];
    from[i] = 0;
  }
}

HASTEN_VECTORISED void map_plain(const float* x, int64_t n, const float* factor, const float* term, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * factor[i] + term[i];
}

HASTEN_VECTORISED void map_relu(const float* x, int64_t n, const float* factor, const float* term, float* y) {
  for (int64_t i = 0; i < n; ++i) {
    const float z = x[i] * factor[i] + term[i];
    y[i] = z < 0 ? 0 : z;
  }
}

HASTEN_VECTORISED void map_gelu(const float* x, int64_t n, const float* factor, const float* term, float* y) {
  for (int64_t i = 0; i < n; ++i) {
    const float z = x[i] * factor[i] + term[i];
    y[i] = z * normal_curve(z).below;
  }
}

HASTEN_VECTORISED void slope_relu(const float* x, const float* dy, int64_t n, const float* factor, const float* term,
                                  float* dz) {
  for (int64_t i = 0; i < n; ++i) dz[i] = x[i] * factor[i] + term[i] > 0 ? dy[i] : 0;
}

HASTEN_VECTORISED void slope_gelu(const float* x, const float* dy, int64_t n, const float* factor, const float* term,
                                  float* dz) {
  constexpr float kDensity = 0.398942280401433F;  // 1 / sqrt(2 pi)
  for (int64_t i = 0; i < n; ++i) {
    const float z = x[i] * factor[i] + term[i];
    const NormalCurve curve = normal_curve(z);
    dz[i] = dy[i] * (curve.below + z * kDensity * curve.density);
  }
}

HASTEN_VECTORISED void add_gradients(const float* x, const float* dz, int64_t n, const float* mean, const float* rate,
                                     float* plain, float* along) {
  for (int64_t i = 0; i < n; ++i) {
    plain[i] += dz[i];
    along[i] += dz[i] * (x[i] - mean[i]) * rate[i];
  }
}

HASTEN_VECTORISED void combine_gradients(const float* x, const float* dz, int64_t n, const float* factor,
                                         const float* mean, const float* rate, const float* plain, const float* along,
                                         float* dx) {
  for (int64_t i = 0; i < n; ++i) dx[i] = factor[i] * (dz[i] - plain[i] - (x[i] - mean[i]) * rate[i] * along[i]);
}

// Few channels make short loops: several pixels are one row then, with the channels' values repeated.
int64_t pixels_at_once(int64_t channels) { return std::max<int64_t>(1, 256 / channels); }

Row repeated(const float* values, int64_t channels, int64_t times) {
  Row out;
  for (int64_t i = 0; i < times; ++i) out.insert(out.end(), values, values + channels);
  return out;
}

// Sums of repeated channels, into those of the channels.
void fold(Row& from, int64_t channels, double* to) {
  for (size_t at = 0; at < from.size(); at += static_cast<size_t>(channels)) widen_sums(from.data() + at, channels, to);
}

}  // namespace

void channel_sums(const Numbers& x, int64_t channels, const float* shift, int64_t begin, int64_t end, double* sum,
                  double* squares) {
  const int64_t pixels = pixels_at_once(channels);
  const Row shifts = repeated(shift, channels, pixels);
  Row in(shifts.size()), sums(shifts.size()), of_squares(shifts.size());
  int64_t rows = 0;
  for (int64_t row = begin; row < end; row += pixels) {
    const int64_t n = std::min(pixels, end - row) * channels;
    add_moments(load(x, row * channels, n, in.data()), shifts.data(), n, sums.data(), of_squares.data());
    if (++rows % kTogether != 0) continue;
    fold(sums, channels, sum);
    fold(of_squares, channels, squares);
  }
  fold(sums, channels, sum);
  fold(of_squares, channels, squares);
}

void ChannelMap::rows(int64_t begin, int64_t end) const {
  const int64_t pixels = pixels_at_once(channels);
  const Row factors = repeated(factor, channels, pixels), terms = repeated(term, channels, pixels);
  Row in(factors.size()), out(factors.size());
  for (int64_t row = begin; row < end; row += pixels) {
    const int64_t n = std::min(pixels, end - row) * channels;
    const float* values = load(x, row * channels, n, in.data());
    switch (activation) {
      case ChannelActivation::kNone: map_plain(values, n, factors.data(), terms.data(), out.data()); break;
      case ChannelActivation::kRelu: map_relu(values, n, factors.data(), terms.data(), out.data()); break;
      case ChannelActivation::kGelu: map_gelu(values, n, factors.data(), terms.data(), out.data()); break;
    }
    store(out.data(), n, y, row * channels);
  }
}

void ChannelNormBackward::through_activation(int64_t begin, int64_t end, double* plain, double* along) const {
  const int64_t pixels = pixels_at_once(channels);
  const Row factors = repeated(factor, channels, pixels), terms = repeated(term, channels, pixels),
            means = repeated(mean, channels, pixels), rates = repeated(rate, channels, pixels);
  Row in(factors.size()), above(factors.size()), dz(factors.size()), plains(factors.size()), alongs(factors.size());
  int64_t done = 0;
  for (int64_t row = begin; row < end; row += pixels) {
    const int64_t n = std::min(pixels, end - row) * channels;
    const float* values = load(x, row * channels, n, in.data());
    const float* given = load(dy, row * channels, n, above.data());
    switch (activation) {
      case ChannelActivation::kNone: std::copy_n(given, n, dz.data()); break;
      case ChannelActivation::kRelu: slope_relu(values, given, n, factors.data(), terms.data(), dz.data()); break;
      case ChannelActivation::kGelu: slope_gelu(values, given, n, factors.data(), terms.data(), dz.data()); break;
    }
    store(dz.data(), n, dx, row * channels);
    add_gradients(values, dz.data(), n, means.data(), rates.data(), plains.data(), alongs.data());
    if (++done % kTogether != 0) continue;
    fold(plains, channels, plain);
    fold(alongs, channels, along);
  }
  fold(plains, channels, plain);
  fold(alongs, channels, along);
}

void ChannelNormBackward::through_norm(const float* plain, const float* along, int64_t begin, int64_t end) const {
  const int64_t pixels = pixels_at_once(channels);
  const Row factors = repeated(factor, channels, pixels), means = repeated(mean, channels, pixels),
            rates = repeated(rate, channels, pixels), plains = repeated(plain, channels, pixels),
            alongs = repeated(along, channels, pixels);
  Row in(factors.size()), dz(factors.size()), out(factors.size());
  for (int64_t row = begin; row < end; row += pixels) {
    const int64_t n = std::min(pixels, end - row) * channels;
    combine_gradients(load(x, row * channels, n, in.data()), load(dx, row * channels, n, dz.data()), n, factors.data(),
                      means.data(), rates.data(), plains.data(), alongs.data(), out.data());
    store(out.data(), n, dx, row * channels);
  }
}

}  // namespace hasten::kernels
