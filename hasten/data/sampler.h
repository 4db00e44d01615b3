// Which samples make the next batch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/loader/order.h"

namespace hasten {

// The samples of an epoch, in the order in which they are trained on.
struct EpochSamples {
  int64_t epoch = 0;
  std::vector<int64_t> ids;    // may repeat; an id that is left out is not seen in this epoch
  std::vector<float> weights;  // of each entry in the loss, or empty for 1
};

// The seam for methods that choose samples, order or batch size. Parts act in the order of their phases: select, order,
// batch_size.
class SamplerPart {
 public:
  static constexpr Seam kSeam = Seam::kSampler;
  virtual ~SamplerPart() = default;
  // Called once at the start of each epoch, with what the parts before it left: at first all samples in random order.
  // Batches may be read ahead, so this is the only time to decide about samples.
  virtual void epoch(EpochSamples&, const State&) {}
  // The size of the coming batch; state.progress is that of its step.
  virtual int64_t batch_size(int64_t size, const State&) { return size; }
};

// How an epoch is shuffled before methods act.
struct Shuffle {
  int64_t block = 0;  // neighbouring samples that stay together on the disk; 0: each sample by itself
  int64_t blocks_mixed = 1;  // blocks whose samples are shuffled with each other
  std::unique_ptr<EpochPermutation> order(int64_t count, uint64_t seed, uint64_t epoch) const;
};

// Every sample once an epoch, in an order that is a function of (seed, epoch), and what the methods make of that. The
// incomplete last batch is left out; over epochs every sample has the same chance to be in it. Without methods there is
// no list of samples: the state is the epoch and a position.
class Sampler {
 public:
  // Without an engine there are no methods.
  Sampler(int64_t count, uint64_t seed, Engine* engine = nullptr, Shuffle shuffle = {});

  // The next batch will have `size` samples, or what methods make of that.
  int64_t batch_size(int64_t size, const State& state);
  int64_t epoch() const { return epoch_; }
  double epochs(int64_t size) const;  // passes done, the current one in part; `size`: of the next batch
  bool epoch_finished(int64_t size) const;  // whether the next call begins a new epoch

  struct Draw {
    std::vector<int64_t> ids;
    std::vector<float> weights;  // empty: all 1
  };
  // The next `size` samples. Begins the next epoch when fewer are left. `state` is for methods.
  Draw next(int64_t size, const State* state = nullptr);

  // What comes after the draws so far, for reading ahead: the rest of this epoch, as far as it is settled.
  struct Upcoming {
    int64_t epoch = 0, count = 0;
    std::function<int64_t(int64_t)> sample;  // of 0..count-1; from any thread, and for good
  };
  Upcoming upcoming() const;
  // The epoch after this one, where no method has a say in it; else its count is 0.
  Upcoming next_epoch() const;
  void state(StateVisitor& visitor);

 private:
  void begin_epoch(int64_t size, const State* state);
  int64_t left() const;  // samples of the current epoch that were not drawn
  bool has_parts() const { return engine_ != nullptr && engine_->has<SamplerPart>(); }
  int64_t count_;
  uint64_t seed_;
  Engine* engine_;
  Shuffle shuffle_;
  int64_t epoch_ = 0, position_ = 0;
  std::shared_ptr<const EpochPermutation> order_;  // of order_epoch_, before methods
  int64_t order_epoch_ = -1;  // -1: nothing was drawn yet
  std::shared_ptr<EpochSamples> chosen_;  // what methods made of it, where there are some
};

}  // namespace hasten
