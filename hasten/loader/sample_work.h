// What makes of an encoded sample the bytes that a batch holds: decoding and augmentation of one sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/stage_clock.h"

namespace hasten {

// What random draws of a sample depend on, and nothing else: not the worker, not the batch, not a restart. `operation`
// comes from the one who draws: RandomStream(key.seed, operation("images.flip"), key.epoch, key.sample).
struct SampleKey {
  uint64_t seed = 0;
  uint64_t epoch = 0;
  int64_t sample = 0;
};

// Buffers that one thread keeps from sample to sample.
class WorkScratch {
 public:
  virtual ~WorkScratch() = default;
};

// One object serves all threads.
class SampleWork {
 public:
  virtual ~SampleWork() = default;
  // Bytes of a finished sample; the same for all samples.
  virtual size_t slot_bytes() const = 0;
  virtual std::unique_ptr<WorkScratch> scratch() const = 0;
  // Fills `slot`. Enters the stages kDecode and kAugment of `clock` as it goes. Throws DataError(path "", location "",
  // message) for bytes that cannot be decoded; the caller says which sample it was.
  virtual void run(const SamplePayload& payload, const SampleKey& key, std::span<uint8_t> slot, WorkScratch& scratch,
                   StageClock& clock) const = 0;
};

}  // namespace hasten
