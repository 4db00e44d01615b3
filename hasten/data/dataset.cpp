// Samples in memory, and batches of them.
#include "hasten/data/dataset.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr int64_t kByteValues = 256;
constexpr int64_t kStatisticsSamples = 10000;
constexpr size_t kStatisticsBatch = 256;

std::string_view raw_bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

// One image from [channels, pixels] bytes to [pixels, channels] floats.
void normalise_image(const uint8_t* in, float* out, int64_t channels, int64_t pixels, const float* table) {
  for (int64_t channel = 0; channel < channels; ++channel) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel) out[pixel * channels + channel] = table[in[pixel]];
    in += pixels;
    table += kByteValues;
  }
}

}  // namespace

Dataset::Dataset(std::string id, Split split, at::Tensor samples, at::Tensor labels, int64_t classes)
    : id_(std::move(id)),
      split_(split),
      samples_(samples.contiguous()),
      labels_(labels.contiguous()),
      classes_(classes) {
  const bool bytes = samples_.scalar_type() == at::kByte && samples_.dim() == 4;
  const bool floats = samples_.scalar_type() == at::kFloat && samples_.dim() == 2;
  HASTEN_CHECK(bytes || floats, "samples are bytes [n, c, h, w] or floats [n, features]");
  HASTEN_CHECK(labels_.scalar_type() == at::kLong && labels_.dim() == 1 && labels_.size(0) == samples_.size(0),
               "one label a sample");
  const int64_t* label = labels_.const_data_ptr<int64_t>();
  const bool known = std::all_of(label, label + labels_.size(0), [&](int64_t l) { return l >= 0 && l < classes_; });
  HASTEN_CHECK(known, "labels are 0..classes-1");
  if (!bytes) return;
  const auto channels = static_cast<size_t>(samples_.size(1));
  set_normalisation(std::vector<double>(channels, 0.0), std::vector<double>(channels, 1.0));
}

Dataset::Dataset(std::string id, Split split, std::shared_ptr<SampleStream> stream, int64_t classes)
    : id_(std::move(id)), split_(split), stream_(std::move(stream)), classes_(classes) {
  const auto count = static_cast<size_t>(channels());
  set_normalisation(std::vector<double>(count, 0.0), std::vector<double>(count, 1.0));
}

int64_t Dataset::channels() const { return stream_ != nullptr ? stream_->shape()[0] : samples_.size(1); }

const std::string& Dataset::content_hash() const {
  if (hash_.empty() && stream_ != nullptr) {
    hash_ = hex(mix(stream_->content_hash(), hash64(cat(id_, ' ', name_of(split_), ' ', classes_))));
  } else if (hash_.empty()) {
    uint64_t shape = hash64(cat(id_, ' ', name_of(split_), ' ', samples_.sizes(), ' ', classes_));
    hash_ = hex(hash64(raw_bytes(labels_), hash64(raw_bytes(samples_), shape)));
  }
  return hash_;
}

void Dataset::set_normalisation(const std::vector<double>& mean, const std::vector<double>& deviation) {
  HASTEN_CHECK(stream_ != nullptr || samples_.scalar_type() == at::kByte, "only bytes are normalised");
  const auto channels = static_cast<size_t>(this->channels());
  HASTEN_CHECK(mean.size() == channels && deviation.size() == channels, "one mean and deviation a channel");
  normalised_.clear();
  mean_ = mean;
  deviation_ = deviation;
  for (size_t channel = 0; channel < channels; ++channel) {
    for (int64_t byte = 0; byte < kByteValues; ++byte) {
      normalised_.push_back(
          static_cast<float>((static_cast<double>(byte) / 255.0 - mean[channel]) / deviation[channel]));
    }
  }
}

// How often each byte stands in each channel, [channels, 256], of some samples that are drawn once and for all.
std::vector<uint64_t> Dataset::stream_counts() const {
  std::vector<int64_t> ids = permutation(size(), operation(id_), operation("data.statistics"), 0);
  ids.resize(static_cast<size_t>(std::min(size(), kStatisticsSamples)));
  ByteTable itself;
  for (int64_t channel = 0; channel < channels(); ++channel) {
    for (int64_t byte = 0; byte < kByteValues; ++byte) itself.push_back(static_cast<float>(byte));
  }
  std::vector<uint64_t> counts(itself.size());
  for (size_t begin = 0; begin < ids.size(); begin += kStatisticsBatch) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = static_cast<std::ptrdiff_t>(std::min(ids.size() - begin, kStatisticsBatch));
    const Batch batch = stream_->plain({first, first + count}, itself);
    // Channels last, so they take turns.
    const float* value = batch.inputs.const_data_ptr<float>();
    const auto all = static_cast<size_t>(batch.inputs.numel()), turns = static_cast<size_t>(channels());
    for (size_t i = 0; i < all; ++i) ++counts[i % turns * kByteValues + static_cast<size_t>(value[i])];
  }
  return counts;
}

void Dataset::channel_statistics(std::vector<double>& mean, std::vector<double>& deviation) const {
  const std::vector<uint64_t> counts = stream_ != nullptr ? stream_counts() : memory_counts();
  mean.assign(static_cast<size_t>(channels()), 0.0);
  deviation.assign(static_cast<size_t>(channels()), 0.0);
  for (size_t channel = 0; channel < mean.size(); ++channel) {
    const uint64_t* count = counts.data() + channel * static_cast<size_t>(kByteValues);
    const auto total = static_cast<double>(std::accumulate(count, count + kByteValues, uint64_t{0}));
    auto sum = [&](auto&& term) {
      double all = 0;
      for (int64_t byte = 0; byte < kByteValues; ++byte)
        all += static_cast<double>(count[byte]) * term(static_cast<double>(byte) / 255.0);
      return all / total;
    };
    mean[channel] = sum([](double x) { return x; });
    deviation[channel] = std::sqrt(sum([&](double x) { return (x - mean[channel]) * (x - mean[channel]); }));
  }
}

std::vector<uint64_t> Dataset::memory_counts() const {
  HASTEN_CHECK(samples_.scalar_type() == at::kByte, "only bytes have channel statistics");
  const int64_t channels = samples_.size(1), pixels = samples_.size(2) * samples_.size(3);
  // Counts are whole numbers, so the result does not depend on how threads share the work.
  std::vector<uint64_t> counts(static_cast<size_t>(channels * kByteValues));
  std::mutex mutex;
  at::parallel_for(0, size(), images_per_thread(channels * pixels), [&](int64_t begin, int64_t end) {
    // Several tables, because neighbours are often equal and would wait for each other.
    constexpr size_t kTables = 4;
    std::vector<std::array<uint64_t, kTables>> own(counts.size());
    const uint8_t* in = samples_.const_data_ptr<uint8_t>() + begin * channels * pixels;
    for (int64_t plane = begin * channels; plane < end * channels; ++plane, in += pixels) {
      auto* table = own.data() + plane % channels * kByteValues;
      for (int64_t pixel = 0; pixel < pixels; ++pixel) ++table[in[pixel]][static_cast<size_t>(pixel) % kTables];
    }
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < counts.size(); ++i) {
      for (uint64_t count : own[i]) counts[i] += count;
    }
  });
  return counts;
}

Batch Dataset::training_batch(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed) const {
  return stream_ != nullptr ? stream_->training(ids, sampler, seed, normalised_) : gather(ids);
}

Batch Dataset::gather(const std::vector<int64_t>& ids) const {
  if (stream_ != nullptr) return stream_->plain(ids, normalised_);
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
      normalise_image(in + from, out + i * channels * pixels, channels, pixels, normalised_.data());
    }
  });
  return batch;
}

void Dataset::take_normalisation(const Dataset& other) {
  normalised_ = other.normalised_;
  mean_ = other.mean_;
  deviation_ = other.deviation_;
}

Dataset Dataset::subset(const std::vector<int64_t>& ids, Split split) const {
  if (stream_ != nullptr) {
    Dataset part(id_, split, stream_->subset(ids), classes_);
    part.take_normalisation(*this);
    return part;
  }
  at::Tensor chosen = at::tensor(ids, at::kLong);
  Dataset part(id_, split, samples_.index_select(0, chosen), labels_.index_select(0, chosen), classes_);
  part.take_normalisation(*this);
  return part;
}

const Dataset& Splits::get(Split split) const {
  if (split == Split::kTrain) return train;
  for (const Dataset& part : held_out) {
    if (part.split() == split) return part;
  }
  throw ConfigError("workload.metric", "a split of the data set", "'" + std::string(name_of(split)) + "'",
                    split == Split::kValidation ? "set data.validation, for example to 5000" : "");
}

}  // namespace hasten
