// A part of a data set: where its samples come from, and what normalises them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/data/sample_source.h"
#include "hasten/spec/metric.h"
#include "hasten/spec/plan.h"

namespace hasten {

class Dataset {
 public:
  Dataset(std::string id, Split split, std::shared_ptr<SampleSource> source, int64_t classes);
  // In memory; see MemorySamples.
  Dataset(std::string id, Split split, at::Tensor samples, at::Tensor labels, int64_t classes);

  int64_t size() const { return source_->size(); }
  int64_t targets() const { return source_->targets(); }
  int64_t classes() const { return classes_; }
  Split split() const { return split_; }
  const std::string& id() const { return id_; }
  SampleSource& source() const { return *source_; }
  // The same data set, normalised the same, from another source of its samples.
  Dataset over(std::shared_ptr<SampleSource> source) const;
  // Of the source, the split and the data set; names the content in run records. Computed once, on first use.
  const std::string& content_hash() const;

  // Normalisation x -> (x / 255 - mean) / deviation per channel of images; x / 255 until it is set. load_splits takes it
  // from the training part.
  void set_normalisation(const std::vector<double>& mean, const std::vector<double>& deviation);
  const std::vector<double>& mean() const { return mean_; }  // as set; empty for other data
  const std::vector<double>& deviation() const { return deviation_; }
  const ByteTable& normalisation() const { return normalised_; }  // empty for other data
  // Mean and standard deviation per channel of x / 255; empty for data that is no images.
  void channel_statistics(std::vector<double>& mean, std::vector<double>& deviation) const;

  // Where gather() puts batches from now on; at first the CPU.
  void place_on(at::Device device) { device_ = device; }

  // The samples with these ids, normalised, float, channels last; in the order of `ids`. Of a text: tokens.
  Batch gather(const std::vector<int64_t>& ids) const;
  // The batch that `sampler` drew last, on the CPU, where it is augmented. A stream reads ahead, and leaves out samples that are corrupt where that is its
  // policy; a text moves its samples from epoch to epoch.
  Batch training_batch(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed) const;
  // Takes `count` samples out and returns them as a part of their own; see SampleSource::hold_out().
  Dataset hold_out(int64_t count, Split split);

 private:
  void take_normalisation(const Dataset& other);

  std::string id_;
  Split split_;
  std::shared_ptr<SampleSource> source_;
  int64_t classes_;
  ByteTable normalised_;
  std::vector<double> mean_, deviation_;
  mutable std::string hash_;
  at::Device device_ = at::kCPU;
};

// Whether flips and shifts are part of what a stream delivers, so that batches are not augmented again.
bool augments_samples(const Recipe& recipe, const Dataset& train);

struct SampleSteps;

struct Splits {
  Dataset train;
  std::vector<Dataset> held_out;  // validation if there is one, and test if the metric is on it

  const Dataset& get(Split split) const;  // throws ConfigError if there is none
};

// Reads the training part of the recipe's data set, the test part only if the metric is on it, and cuts off the
// validation part (a fixed choice that depends on nothing but the data set and the count). `info`: what the plan found of
// the data set. `steps` are done to training samples while they are read. Throws DataError for files that are missing,
// truncated, of the wrong kind, or whose labels are out of range.
Splits load_splits(const Recipe& recipe, const DatasetInfo& info, const SampleSteps& steps);
Splits load_splits(const Recipe& recipe);  // looks for these facts itself; without such steps

// Where the files of an IDX data set are: data.path, $HASTEN_DATA/<name>, ./data/<name>, the system's data sets.
// Returns an empty path if they are nowhere.
std::string find_idx_folder(const std::string& dataset, const std::string& path);

}  // namespace hasten
