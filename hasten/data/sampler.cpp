// Which samples make the next batch.
#include "hasten/data/sampler.h"

#include <ATen/ops/tensor.h>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

template <class T>
void visit_numbers(StateVisitor& visitor, std::string_view name, std::vector<T>& numbers) {
  at::Tensor values = at::tensor(numbers);
  if (visitor.loading()) values.reset();
  visitor.tensor(name, values);
  const T* data = values.const_data_ptr<T>();
  if (visitor.loading()) numbers.assign(data, data + values.numel());
}

}  // namespace

Sampler::Sampler(int64_t count, uint64_t seed, Engine* engine) : count_(count), seed_(seed), engine_(engine) {}

int64_t Sampler::batch_size(int64_t size, const State& state) {
  if (!has_parts()) return size;
  engine_->each<SamplerPart>(state, [&](SamplerPart& part) { size = part.batch_size(size, state); });
  return size;
}

bool Sampler::epoch_finished(int64_t size) const {
  const auto total = samples_.epoch < 0 ? count_ : static_cast<int64_t>(samples_.ids.size());
  return total - position_ < size;
}

double Sampler::epochs(int64_t size) const {
  if (samples_.epoch < 0) return static_cast<double>(epoch_);
  const double part = static_cast<double>(position_) / static_cast<double>(samples_.ids.size());
  return static_cast<double>(epoch_) + (epoch_finished(size) ? 1 : part);
}

void Sampler::begin_epoch(int64_t size, const State* state) {
  samples_ = {epoch_, permutation(count_, seed_, operation("sampler.order"), static_cast<uint64_t>(epoch_)), {}};
  if (!has_parts()) return;
  engine_->each<SamplerPart>(*state, [&](SamplerPart& part) { part.epoch(samples_, *state); });
  HASTEN_CHECK(samples_.weights.empty() || samples_.weights.size() == samples_.ids.size(), "one weight a sample");
  if (static_cast<int64_t>(samples_.ids.size()) < size) {
    throw ConfigError("method", cat("at least one batch of ", size, " samples that methods leave of an epoch"),
                      std::to_string(samples_.ids.size()), "use a smaller batch, or leave more samples");
  }
}

Sampler::Draw Sampler::next(int64_t size, const State* state) {
  HASTEN_CHECK(size > 0 && size <= count_, "a batch has from one to all samples");
  if (epoch_finished(size)) {
    ++epoch_;
    position_ = 0;
  }
  if (samples_.epoch != epoch_) begin_epoch(size, state);
  Draw draw;
  const auto first = samples_.ids.begin() + position_;
  draw.ids.assign(first, first + size);
  if (!samples_.weights.empty()) {
    draw.weights.assign(samples_.weights.begin() + position_, samples_.weights.begin() + position_ + size);
  }
  position_ += size;
  return draw;
}

void Sampler::state(StateVisitor& visitor) {
  visitor.integer("epoch", epoch_);
  visitor.integer("position", position_);
  if (!has_parts()) {
    // The order is a function of seed and epoch.
    if (visitor.loading() && position_ > 0) {
      samples_ = {epoch_, permutation(count_, seed_, operation("sampler.order"), static_cast<uint64_t>(epoch_)), {}};
    }
    return;
  }
  visitor.integer("order_epoch", samples_.epoch);
  visit_numbers(visitor, "order", samples_.ids);
  visit_numbers(visitor, "weights", samples_.weights);
}

}  // namespace hasten
