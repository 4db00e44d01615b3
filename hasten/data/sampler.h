// Which samples make the next batch.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/core/state_visitor.h"

namespace hasten {

// Every sample once an epoch, in an order drawn anew for each epoch from (seed, epoch). The incomplete last batch is
// left out; over epochs every sample has the same chance to be in it.
class Sampler {
 public:
  Sampler(int64_t count, uint64_t seed);

  int64_t epoch() const { return epoch_; }
  // The next `size` ids. Begins the next epoch when fewer are left.
  std::vector<int64_t> next(int64_t size);
  bool epoch_finished(int64_t size) const;  // whether the next call begins a new epoch
  void state(StateVisitor& visitor);

 private:
  int64_t count_;
  uint64_t seed_;
  int64_t epoch_ = 0, position_ = 0;
  std::vector<int64_t> order_;  // of epoch order_epoch_; a function of seed and epoch, so not part of the state
  int64_t order_epoch_ = -1;
};

}  // namespace hasten
