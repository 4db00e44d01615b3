// Parts of data sets: identity and normalisation.
#include "hasten/data/dataset.h"

#include <cmath>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/data/memory_samples.h"

namespace hasten {
namespace {

constexpr int64_t kByteValues = 256;

}  // namespace

Dataset::Dataset(std::string id, Split split, std::shared_ptr<SampleSource> source, int64_t classes)
    : id_(std::move(id)), split_(split), source_(std::move(source)), classes_(classes) {
  const auto channels = static_cast<size_t>(source_->channels());
  if (channels > 0) set_normalisation(std::vector<double>(channels, 0.0), std::vector<double>(channels, 1.0));
}

Dataset::Dataset(std::string id, Split split, at::Tensor samples, at::Tensor labels, int64_t classes)
    : Dataset(std::move(id), split, std::make_shared<MemorySamples>(std::move(samples), std::move(labels), classes),
              classes) {}

const std::string& Dataset::content_hash() const {
  if (hash_.empty()) hash_ = hex(mix(source_->content_hash(), hash64(cat(id_, ' ', name_of(split_), ' ', classes_))));
  return hash_;
}

void Dataset::set_normalisation(const std::vector<double>& mean, const std::vector<double>& deviation) {
  const auto channels = static_cast<size_t>(source_->channels());
  HASTEN_CHECK(channels > 0, "only bytes of images are normalised");
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

void Dataset::channel_statistics(std::vector<double>& mean, std::vector<double>& deviation) const {
  const std::vector<uint64_t> counts = source_->byte_counts();
  mean.assign(static_cast<size_t>(source_->channels()), 0.0);
  deviation.assign(mean.size(), 0.0);
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

Batch Dataset::training_batch(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed) const {
  return source_->training(ids, sampler, seed, normalised_);
}

Batch Dataset::gather(const std::vector<int64_t>& ids) const { return source_->plain(ids, normalised_).to(device_); }

void Dataset::take_normalisation(const Dataset& other) {
  normalised_ = other.normalised_;
  mean_ = other.mean_;
  deviation_ = other.deviation_;
}

Dataset Dataset::over(std::shared_ptr<SampleSource> source) const {
  Dataset out = *this;
  out.source_ = std::move(source);
  return out;
}

Dataset Dataset::hold_out(int64_t count, Split split) {
  SampleSource::Parts parts = source_->hold_out(count, operation(id_));
  source_ = std::move(parts.rest);
  hash_.clear();
  Dataset part(id_, split, std::move(parts.held_out), classes_);
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
