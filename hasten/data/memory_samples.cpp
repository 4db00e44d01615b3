// Samples that are all in memory.
#include "hasten/data/memory_samples.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr size_t kBytesKnown = 256;

std::string_view raw_bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

// One image from [channels, pixels] bytes to [pixels, channels] floats.
void normalise_planes(const uint8_t* in, float* out, int64_t channels, int64_t pixels, const float* table) {
  for (int64_t channel = 0; channel < channels; ++channel) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel) out[pixel * channels + channel] = table[in[pixel]];
    in += pixels;
    table += kBytesKnown;
  }
}

}  // namespace

MemorySamples::MemorySamples(at::Tensor samples, at::Tensor labels, int64_t classes)
    : samples_(samples.contiguous()), labels_(labels.contiguous()), classes_(classes) {
  const bool bytes = samples_.scalar_type() == at::kByte && samples_.dim() == 4;
  const bool floats = samples_.scalar_type() == at::kFloat && samples_.dim() == 2;
  HASTEN_CHECK(bytes || floats, "samples are bytes [n, c, h, w] or floats [n, features]");
  HASTEN_CHECK(labels_.scalar_type() == at::kLong && labels_.dim() == 1 && labels_.size(0) == samples_.size(0),
               "one label a sample");
  const int64_t* label = labels_.const_data_ptr<int64_t>();
  const bool known = std::all_of(label, label + labels_.size(0), [&](int64_t l) { return l >= 0 && l < classes_; });
  HASTEN_CHECK(known, "labels are 0..classes-1");
}

uint64_t MemorySamples::content_hash() const {
  return hash64(raw_bytes(labels_), hash64(raw_bytes(samples_), hash64(cat(samples_.sizes()))));
}

std::vector<uint64_t> MemorySamples::byte_counts() {
  if (this->channels() == 0) return {};
  const int64_t channels = samples_.size(1), pixels = samples_.size(2) * samples_.size(3);
  // Counts are whole numbers, so the result does not depend on how threads share the work.
  std::vector<uint64_t> counts(static_cast<size_t>(channels * static_cast<int64_t>(kBytesKnown)));
  std::mutex mutex;
  at::parallel_for(0, size(), images_per_thread(channels * pixels), [&](int64_t begin, int64_t end) {
    // Several tables, because neighbours are often equal and would wait for each other.
    constexpr size_t kTables = 4;
    std::vector<std::array<uint64_t, kTables>> own(counts.size());
    const uint8_t* in = samples_.const_data_ptr<uint8_t>() + begin * channels * pixels;
    for (int64_t plane = begin * channels; plane < end * channels; ++plane, in += pixels) {
      auto* table = own.data() + plane % channels * static_cast<int64_t>(kBytesKnown);
      for (int64_t pixel = 0; pixel < pixels; ++pixel) ++table[in[pixel]][static_cast<size_t>(pixel) % kTables];
    }
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < counts.size(); ++i) {
      for (uint64_t count : own[i]) counts[i] += count;
    }
  });
  return counts;
}

Batch MemorySamples::plain(const std::vector<int64_t>& ids, const ByteTable& table) {
  const auto count = static_cast<int64_t>(ids.size());
  HASTEN_CHECK(std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id >= 0 && id < size(); }),
               "a sample id outside of the data");
  Batch batch;
  batch.ids = ids;
  batch.labels = at::empty({count}, labels_.options());
  const int64_t* label = labels_.const_data_ptr<int64_t>();
  std::transform(ids.begin(), ids.end(), batch.labels.mutable_data_ptr<int64_t>(),
                 [&](int64_t id) { return label[id]; });
  if (samples_.scalar_type() == at::kFloat) {
    batch.inputs = samples_.index_select(0, at::tensor(ids));
    return batch;
  }
  const int64_t channels = samples_.size(1), height = samples_.size(2), width = samples_.size(3),
                pixels = height * width;
  batch.inputs = at::empty({count, channels, height, width},
                           at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
  const uint8_t* in = samples_.const_data_ptr<uint8_t>();
  float* out = batch.inputs.mutable_data_ptr<float>();
  at::parallel_for(0, count, images_per_thread(channels * pixels), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t from = ids[static_cast<size_t>(i)] * channels * pixels;
      normalise_planes(in + from, out + i * channels * pixels, channels, pixels, table.data());
    }
  });
  return batch;
}

std::shared_ptr<SampleSource> MemorySamples::subset(const std::vector<int64_t>& ids) const {
  const at::Tensor chosen = at::tensor(ids, at::kLong);
  return std::make_shared<MemorySamples>(samples_.index_select(0, chosen), labels_.index_select(0, chosen), classes_);
}

SampleSource::Parts MemorySamples::hold_out(int64_t count, uint64_t key) const {
  const Ids ids = random_ids(count, key);
  return {subset(ids.rest), subset(ids.held_out)};
}

}  // namespace hasten
