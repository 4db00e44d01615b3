// For each place of the kernel a product over all pixels: dy^T with x, moved by that place. Pixels of several images lie in one
// row, with zeros between lines and between images, so that a move is one distance for all of them and never meets a neighbour.
#include "hasten/kernels/convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "hasten/kernels/tiles.h"

namespace hasten::kernels {
namespace {

using tiles::kPanel;
using tiles::kPanelStep;
using tiles::Operand;
using tiles::padded;

constexpr int64_t kPixels = 512;  // that are multiplied together: their panels lie in the second cache

// Images in a row, with zeros between them.
class PixelRow {
 public:
  explicit PixelRow(const ConvolutionFilters& shape)
      : shape_(shape),
        pad_(shape.kernel / 2),
        line_(shape.width + pad_),
        image_((shape.height + pad_) * line_),
        images_(std::max<int64_t>(1, kPixels / image_)) {}

  int64_t images() const { return images_; }
  int64_t pixels() const { return padded(images_ * image_); }
  int64_t margin() const { return pad_ * line_ + pad_; }  // how far a move goes
  int64_t move(int64_t row, int64_t column) const { return (row - pad_) * line_ + column - pad_; }

  // `count` images of `channels`; the rest stays as it is.
  void fill(const uint16_t* images, int64_t count, int64_t channels, uint16_t* pixels) const {
    const int64_t line = shape_.width * channels;
    for (int64_t image = 0; image < count; ++image) {
      for (int64_t y = 0; y < shape_.height; ++y) {
        std::memcpy(pixels + (image * image_ + y * line_) * channels, images + (image * shape_.height + y) * line,
                    static_cast<size_t>(line) * sizeof(uint16_t));
      }
    }
  }
  void clear(int64_t from_image, int64_t channels, uint16_t* pixels) const {
    std::fill(pixels + from_image * image_ * channels, pixels + this->pixels() * channels, uint16_t{0});
  }

 private:
  const ConvolutionFilters& shape_;
  int64_t pad_, line_, image_, images_;
};

}  // namespace

int64_t ConvolutionFilters::sums_size() const { return kernel * kernel * padded(channels_out) * padded(channels_in); }

void ConvolutionFilters::gradient(const uint16_t* x, const uint16_t* dy, int64_t begin, int64_t end,
                                  float* sums) const {
  const tiles::Session session;
  const PixelRow row(*this);
  const int64_t pixels = row.pixels(), steps = pixels / tiles::kStep, wide_in = padded(channels_in),
                wide_out = padded(channels_out), size = height * width;
  std::vector<uint16_t> inputs(static_cast<size_t>((pixels + 2 * row.margin()) * channels_in)),
      gradients(static_cast<size_t>(pixels * channels_out)), left(static_cast<size_t>(pixels * wide_out)),
      right(static_cast<size_t>(pixels * wide_in));
  uint16_t* first = inputs.data() + row.margin() * channels_in;
  for (int64_t image = begin; image < end; image += row.images()) {
    const int64_t count = std::min(row.images(), end - image);
    row.fill(x + image * size * channels_in, count, channels_in, first);
    row.fill(dy + image * size * channels_out, count, channels_out, gradients.data());
    // Of fewer images than before: what is left of them weighs nothing where its gradient is 0.
    if (count < row.images()) row.clear(count, channels_out, gradients.data());
    tiles::pack_left({gradients.data(), 1, channels_out}, channels_out, pixels, left.data());
    for (int64_t place = 0; place < kernel * kernel; ++place) {
      const uint16_t* moved = first + row.move(place / kernel, place % kernel) * channels_in;
      tiles::pack_right({moved, 1, channels_in}, channels_in, pixels, right.data());
      float* to = sums + place * wide_out * wide_in;
      for (int64_t out = 0; out < wide_out; out += kPanel) {
        for (int64_t in = 0; in < wide_in; in += kPanel) {
          tiles::multiply_add(left.data() + out / kPanel * steps * kPanelStep,
                              right.data() + in / kPanel * steps * kPanelStep, steps, to + out * wide_in + in, wide_in);
        }
      }
    }
  }
}

void ConvolutionFilters::gather(const float* sums, int64_t count, float* dweight) const {
  const int64_t wide_in = padded(channels_in), wide_out = padded(channels_out), places = kernel * kernel;
  for (int64_t out = 0; out < channels_out; ++out) {
    for (int64_t place = 0; place < places; ++place) {
      float* to = dweight + (out * places + place) * channels_in;
      const float* from = sums + (place * wide_out + out) * wide_in;
      std::copy_n(from, channels_in, to);
      for (int64_t i = 1; i < count; ++i) {
        from += sums_size();
        for (int64_t in = 0; in < channels_in; ++in) to[in] += from[in];
      }
    }
  }
}

}  // namespace hasten::kernels
