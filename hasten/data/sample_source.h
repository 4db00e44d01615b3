// Where the samples of a data set come from: memory, a loader, a text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hasten/data/batch.h"
#include "hasten/data/sampler.h"
#include "hasten/loader/loader.h"

namespace hasten {

// What each byte of an image becomes: [channels, 256].
using ByteTable = std::vector<float>;

class SampleStream;

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual int64_t size() const = 0;
  // What is predicted, in all: samples, or tokens of a text.
  virtual int64_t targets() const { return size(); }
  // Names the samples by their content, or, where that would take too long to read, by what is known of it.
  virtual uint64_t content_hash() const = 0;
  // The samples with these ids as they are. Images are floats of `table`, channels last.
  virtual Batch plain(const std::vector<int64_t>& ids, const ByteTable& table) = 0;
  // The samples that `sampler` drew last, as training sees them.
  virtual Batch training(const std::vector<int64_t>& ids, const Sampler&, uint64_t /*seed*/, const ByteTable& table) {
    return plain(ids, table);
  }
  // A part of `count` samples that is held out, and the rest; a fixed choice that depends on `key` and nothing else.
  struct Parts {
    std::shared_ptr<SampleSource> rest, held_out;
  };
  virtual Parts hold_out(int64_t count, uint64_t key) const = 0;

  // Of images as bytes: how many channels, and how often each byte is in each of them, [channels, 256], in all or in
  // enough samples. 0 and nothing for other data.
  virtual int64_t channels() const { return 0; }
  virtual std::vector<uint64_t> byte_counts() { return {}; }
  // Whether samples come augmented as the recipe says, so that batches are not.
  virtual bool can_augment() const { return false; }
  // What the threads of training did so far; nothing where there are none.
  virtual std::optional<LoaderReport> report() const { return std::nullopt; }
  // This source as one that a loader reads, or nullptr.
  virtual SampleStream* stream() { return nullptr; }

 protected:
  // The ids of such parts where samples are independent, in ascending order.
  struct Ids {
    std::vector<int64_t> rest, held_out;
  };
  Ids random_ids(int64_t count, uint64_t key) const;
};

}  // namespace hasten
