// A part of a data set: raw samples as bytes, in memory or streamed, labels, and the statistics that normalise them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/data/batch.h"
#include "hasten/data/sample_stream.h"
#include "hasten/spec/metric.h"
#include "hasten/spec/plan.h"

namespace hasten {

class Dataset {
 public:
  // samples: uint8 [n, channels, height, width] or float [n, features]; labels: int64 [n] in 0..classes-1.
  Dataset(std::string id, Split split, at::Tensor samples, at::Tensor labels, int64_t classes);

  // Samples that a loader reads when they are wanted.
  Dataset(std::string id, Split split, std::shared_ptr<SampleStream> stream, int64_t classes);

  int64_t size() const { return stream_ != nullptr ? stream_->size() : labels_.size(0); }
  int64_t classes() const { return classes_; }
  Split split() const { return split_; }
  const std::string& id() const { return id_; }
  // XXH3 of samples and labels (of a stream: of what its index knows of them); names the content in run records.
  // Computed once, on first use.
  const std::string& content_hash() const;

  int64_t channels() const;
  // Normalisation x -> (x / 255 - mean) / deviation per channel; uint8 only; x / 255 until it is set. load_splits takes
  // it from the training part.
  void set_normalisation(const std::vector<double>& mean, const std::vector<double>& deviation);
  const ByteTable& normalisation() const { return normalised_; }  // what each byte becomes; empty for float samples
  // Mean and standard deviation per channel of x / 255, over all samples; of a stream over 10,000 that are drawn once and
  // for all.
  void channel_statistics(std::vector<double>& mean, std::vector<double>& deviation) const;

  // The samples with these ids, normalised, float, channels last; in the order of `ids`.
  Batch gather(const std::vector<int64_t>& ids) const;
  // The batch that `sampler` drew last: gather(), or from a stream the samples as augmented there, which are read ahead.
  // A stream leaves out samples that are corrupt where that is its policy.
  Batch training_batch(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed) const;
  // Only the samples with these ids, renumbered 0..; keeps the normalisation.
  Dataset subset(const std::vector<int64_t>& ids, Split split) const;

  SampleStream* stream() const { return stream_.get(); }
  const at::Tensor& samples() const { return samples_; }  // undefined for a stream, like labels()
  const at::Tensor& labels() const { return labels_; }

 private:
  std::vector<uint64_t> stream_counts() const;
  std::vector<uint64_t> memory_counts() const;

  std::string id_;
  Split split_;
  at::Tensor samples_, labels_;
  std::shared_ptr<SampleStream> stream_;
  int64_t classes_;
  ByteTable normalised_;  // empty for float samples
  mutable std::string hash_;
};

// Whether flips and shifts are part of what a stream delivers, so that batches are not augmented again.
bool augments_samples(const Recipe& recipe, const Dataset& train);

struct SampleSteps;

struct Splits {
  Dataset train;
  std::vector<Dataset> held_out;  // validation if there is one, and test if the metric is on it

  const Dataset& get(Split split) const;  // throws ConfigError if there is none
};

// Reads the training part of the recipe's data set, the test part only if the metric is on it, and cuts off the validation
// part (a fixed choice that depends on nothing but the data set and the count). `steps` are done to training samples while they are read. Throws DataError for files that are
// missing, truncated, of the wrong kind, or whose labels are out of range.
Splits load_splits(const Recipe& recipe, const SampleSteps& steps);
Splits load_splits(const Recipe& recipe);  // without such steps

// Where the files of an IDX data set are: data.path, $HASTEN_DATA/<name>, ./data/<name>, the system's data sets.
// Returns an empty path if they are nowhere.
std::string find_idx_folder(const std::string& dataset, const std::string& path);

}  // namespace hasten
