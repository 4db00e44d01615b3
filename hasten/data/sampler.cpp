// Which samples make the next batch.
#include "hasten/data/sampler.h"

#include "hasten/base/error.h"
#include "hasten/base/rng.h"

namespace hasten {

Sampler::Sampler(int64_t count, uint64_t seed) : count_(count), seed_(seed) {}

bool Sampler::epoch_finished(int64_t size) const { return count_ - position_ < size; }

std::vector<int64_t> Sampler::next(int64_t size) {
  HASTEN_CHECK(size > 0 && size <= count_, "a batch has from one to all samples");
  if (epoch_finished(size)) {
    ++epoch_;
    position_ = 0;
  }
  if (order_epoch_ != epoch_) {
    order_ = permutation(count_, seed_, operation("sampler.order"), static_cast<uint64_t>(epoch_));
    order_epoch_ = epoch_;
  }
  auto first = order_.begin() + position_;
  position_ += size;
  return {first, first + size};
}

void Sampler::state(StateVisitor& visitor) {
  visitor.integer("epoch", epoch_);
  visitor.integer("position", position_);
}

}  // namespace hasten
