// Pixels without a decoder: planar to interleaved, area means, and which decoder an image wants.
#include "hasten/loader/shards/pixels.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/jpeg_calls.h"

namespace hasten::shards {
namespace {

Pixels raw_pixels(const SamplePayload& payload) {
  Pixels pixels{payload.width, payload.height, payload.channels, {}};
  const size_t area = size_t{payload.width} * payload.height;
  if (area == 0 || payload.channels == 0 || payload.bytes.size() % payload.channels != 0 ||
      payload.bytes.size() / payload.channels != area)
    throw DataError("", "",
                    cat(payload.bytes.size(), " bytes are not ", payload.width, " x ", payload.height, " x ",
                        int{payload.channels}));
  if (payload.codec == Codec::kRaw || payload.channels == 1) {
    pixels.bytes.assign(payload.bytes.begin(), payload.bytes.end());
    return pixels;
  }
  pixels.bytes.resize(payload.bytes.size());
  for (size_t c = 0; c < payload.channels; ++c) {
    for (size_t i = 0; i < area; ++i) pixels.bytes[i * payload.channels + c] = payload.bytes[c * area + i];
  }
  return pixels;
}

// How much of each source pixel goes into one target pixel: weights sum to 1 (in 1/65536).
struct Span {
  uint32_t first = 0;
  std::vector<uint32_t> weights;
};

std::vector<Span> spans(uint32_t from, uint32_t to) {
  std::vector<Span> all(to);
  for (uint32_t i = 0; i < to; ++i) {
    const double begin = static_cast<double>(i) * from / to, end = static_cast<double>(i + 1) * from / to;
    Span& span = all[i];
    span.first = static_cast<uint32_t>(begin);
    uint32_t sum = 0;
    for (uint32_t s = span.first; s < std::min<double>(end, from); ++s) {
      const double covered = std::min<double>(end, s + 1.0) - std::max<double>(begin, s);
      span.weights.push_back(static_cast<uint32_t>(std::lround(covered / (end - begin) * 65536)));
      sum += span.weights.back();
    }
    auto largest = std::max_element(span.weights.begin(), span.weights.end());
    *largest = *largest + 65536 - sum;
  }
  return all;
}

}  // namespace

Pixels image_shape(const SamplePayload& payload) {
  switch (payload.codec) {
    case Codec::kJpeg: return jpeg_shape(payload.bytes);
    default: return {payload.width, payload.height, payload.channels, {}};
  }
}

Pixels decode_pixels(const SamplePayload& payload) {
  switch (payload.codec) {
    case Codec::kRaw:
    case Codec::kPlanar: return raw_pixels(payload);
    case Codec::kJpeg: return jpeg_pixels(payload.bytes);
    default: throw DataError("", "", cat("samples of codec ", name_of(payload.codec), " cannot be decoded here"));
  }
}

Pixels shrink_to(Pixels pixels, uint32_t shorter) {
  const uint32_t side = std::min(pixels.width, pixels.height);
  if (side <= shorter) return pixels;
  const auto scaled = [&](uint32_t length) {
    return std::max(shorter, static_cast<uint32_t>(std::lround(static_cast<double>(length) * shorter / side)));
  };
  Pixels small{scaled(pixels.width), scaled(pixels.height), pixels.channels, {}};
  const size_t channels = pixels.channels;
  const std::vector<Span> columns = spans(pixels.width, small.width), rows = spans(pixels.height, small.height);
  // Rows first: one row of sums in 1/65536, as wide as the source.
  std::vector<uint32_t> row(size_t{pixels.width} * channels);
  small.bytes.reserve(size_t{small.width} * small.height * channels);
  for (const Span& span : rows) {
    std::fill(row.begin(), row.end(), 0);
    for (size_t k = 0; k < span.weights.size(); ++k) {
      const uint8_t* source = pixels.bytes.data() + (span.first + k) * row.size();
      for (size_t i = 0; i < row.size(); ++i) row[i] += span.weights[k] * source[i];
    }
    for (const Span& column : columns) {
      for (size_t c = 0; c < channels; ++c) {
        uint64_t sum = 0;
        for (size_t k = 0; k < column.weights.size(); ++k)
          sum += uint64_t{column.weights[k]} * row[(column.first + k) * channels + c];
        small.bytes.push_back(static_cast<uint8_t>((sum + (uint64_t{1} << 31)) >> 32));
      }
    }
  }
  return small;
}

}  // namespace hasten::shards
