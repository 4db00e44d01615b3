// Which samples make the next batch.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/core/engine.h"

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

// Every sample once an epoch, in an order drawn anew for each epoch from (seed, epoch), and what the methods make of
// that. The incomplete last batch is left out; over epochs every sample has the same chance to be in it.
class Sampler {
 public:
  // Without an engine there are no methods.
  Sampler(int64_t count, uint64_t seed, Engine* engine = nullptr);

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
  void state(StateVisitor& visitor);

 private:
  void begin_epoch(int64_t size, const State* state);
  bool has_parts() const { return engine_ != nullptr && engine_->has<SamplerPart>(); }
  int64_t count_;
  uint64_t seed_;
  Engine* engine_;
  int64_t epoch_ = 0, position_ = 0;
  EpochSamples samples_{-1, {}, {}};  // of epoch samples_.epoch; without parts a function of seed and epoch
};

}  // namespace hasten
