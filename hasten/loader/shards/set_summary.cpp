// What is in a set of samples.
#include "hasten/loader/shards/set_summary.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/ordered_work.h"
#include "hasten/loader/shards/pixels.h"
#include "hasten/loader/shards/source_reader.h"

namespace hasten::shards {
namespace {

constexpr int64_t kBlockOfSamples = 64;

// Sample k of n that are evenly spread over `size`. n <= size, both below 2^63: the product goes through 128 bits.
int64_t spread_sample(int64_t k, int64_t n, int64_t size) {
  return static_cast<int64_t>(static_cast<__int128>(k) * size / n);
}

void add_pixels(const PixelBuffer& pixels, ChannelSums& sums) {
  ++sums.images;
  sums.pixels += uint64_t{pixels.width} * pixels.height;
  const size_t channels = pixels.channels;
  for (size_t c = 0; c < channels; ++c) {
    uint64_t sum = 0, squares = 0;
    for (size_t i = c; i < pixels.bytes.size(); i += channels) {
      const uint64_t value = pixels.bytes[i];
      sum += value;
      squares += value * value;
    }
    sums.sum[c] += sum;
    sums.squares[c] += squares;
  }
}

void add_sample(const SampleIndex& index, SourceReader& reader, RecordBuffer& buffer, int64_t sample,
                ContentSummary& summary) {
  ++summary.samples;
  try {
    const SampleEntry entry = index.entry(sample);
    const SamplePayload payload = index.payload(sample, entry, reader.read(entry, buffer));
    ++summary.labels[payload.label];
    if (!is_image(payload.codec)) return;
    const PixelBuffer pixels = decode_pixels(payload);
    summary.width.add(pixels.width);
    summary.height.add(pixels.height);
    if (pixels.channels == 1 || pixels.channels == 3) add_pixels(pixels, summary.channels[pixels.channels]);
  } catch (const DataError& error) {
    if (summary.damaged++ == 0)
      summary.first_damage = cat(index.describe(sample), error.path().empty() ? "" : ": ", error.what());
  }
}

}  // namespace

void Spread::add(uint64_t value) {
  ++count;
  least = std::min(least, value);
  most = std::max(most, value);
  sum += value;
}

void Spread::add(const Spread& other) {
  count += other.count;
  least = std::min(least, other.least);
  most = std::max(most, other.most);
  sum += other.sum;
}

void ChannelSums::add(const ChannelSums& other) {
  images += other.images;
  pixels += other.pixels;
  for (size_t c = 0; c < sum.size(); ++c) {
    sum[c] += other.sum[c];
    squares[c] += other.squares[c];
  }
}

double ChannelSums::mean(size_t channel) const {
  return pixels == 0 ? 0 : static_cast<double>(sum[channel]) / static_cast<double>(pixels) / 255;
}

// Sums of whole numbers are exact, so the textbook formula loses nothing but in the last step.
double ChannelSums::deviation(size_t channel) const {
  if (pixels == 0) return 0;
  const auto n = static_cast<long double>(pixels), total = static_cast<long double>(sum[channel]);
  const long double variance = (static_cast<long double>(squares[channel]) - total * total / n) / n;
  return static_cast<double>(std::sqrt(std::max(variance, 0.0L)) / 255);
}

IndexSummary summarize_index(const SampleIndex& index, int64_t at_most) {
  IndexSummary summary;
  summary.samples = index.size();
  summary.counted = std::min(index.size(), at_most);
  for (int64_t k = 0; k < summary.counted; ++k) {
    const SampleEntry entry = index.entry(spread_sample(k, summary.counted, summary.samples));
    ++summary.codecs[entry.codec];
    ++summary.labels[entry.label];
    summary.bytes.add(entry.bytes);
    if (entry.width != 0) summary.width.add(entry.width);
    if (entry.height != 0) summary.height.add(entry.height);
    if (entry.channels != 0) ++summary.channels[entry.channels];
  }
  return summary;
}

ContentSummary summarize_content(const SampleIndex& index, const ContentOptions& options) {
  const int64_t n = options.samples == 0 ? index.size() : std::min(options.samples, index.size());
  const int threads = threads_or_all(options.threads);
  SourceReader reader(index);
  ContentSummary all;
  int64_t next = 0;
  in_order<int64_t, ContentSummary>(
      threads, static_cast<size_t>(threads) * 2,
      [&]() -> std::optional<int64_t> {
        if (next >= n) return std::nullopt;
        next += kBlockOfSamples;
        return next - kBlockOfSamples;
      },
      [&](const int64_t& begin) {
        ContentSummary block;
        RecordBuffer buffer;
        for (int64_t k = begin; k < std::min(begin + kBlockOfSamples, n); ++k)
          add_sample(index, reader, buffer, spread_sample(k, n, index.size()), block);
        return block;
      },
      [&](ContentSummary&& block) {
        all.samples += block.samples;
        if (all.damaged == 0) all.first_damage = block.first_damage;
        all.damaged += block.damaged;
        for (const auto& [label, count] : block.labels) all.labels[label] += count;
        all.width.add(block.width);
        all.height.add(block.height);
        for (const auto& [channels, sums] : block.channels) all.channels[channels].add(sums);
        if (options.progress) options.progress(all.samples, n);
        all.interrupted = options.stop && options.stop->load(std::memory_order_relaxed);
        return !all.interrupted;
      });
  return all;
}

}  // namespace hasten::shards
