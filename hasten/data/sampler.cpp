// Which samples make the next batch.
#include "hasten/data/sampler.h"

#include <ATen/ops/tensor.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

template <class T>
void visit_numbers(StateVisitor& visitor, std::string_view name, std::vector<T>& numbers) {
  at::Tensor values = at::tensor(numbers);
  if (visitor.loading()) values.reset();
  visitor.tensor(name, values);
  values = values.cpu();
  const T* data = values.const_data_ptr<T>();
  if (visitor.loading()) numbers.assign(data, data + values.numel());
}

}  // namespace

std::unique_ptr<EpochPermutation> Shuffle::order(int64_t count, uint64_t seed, uint64_t epoch) const {
  return block > 0 ? block_shuffle(count, block, blocks_mixed, seed, epoch) : full_shuffle(count, seed, epoch);
}

Sampler::Sampler(int64_t count, uint64_t seed, Engine* engine, Shuffle shuffle)
    : count_(count), seed_(seed), engine_(engine), shuffle_(shuffle) {}

int64_t Sampler::batch_size(int64_t size, const State& state) {
  if (!has_parts()) return size;
  engine_->each<SamplerPart>(state, [&](SamplerPart& part) { size = part.batch_size(size, state); });
  return size;
}

int64_t Sampler::left() const {
  const int64_t total = chosen_ != nullptr ? static_cast<int64_t>(chosen_->ids.size()) : count_;
  return total - position_;
}

bool Sampler::epoch_finished(int64_t size) const { return left() < size; }

double Sampler::epochs(int64_t size) const {
  if (order_epoch_ < 0) return static_cast<double>(epoch_);
  const double part = static_cast<double>(position_) / static_cast<double>(position_ + left());
  return static_cast<double>(epoch_) + (epoch_finished(size) ? 1 : part);
}

void Sampler::begin_epoch(int64_t size, const State* state) {
  order_ = shuffle_.order(count_, seed_, static_cast<uint64_t>(epoch_));
  order_epoch_ = epoch_;
  if (!has_parts()) return;
  chosen_ = std::make_shared<EpochSamples>(EpochSamples{epoch_, std::vector<int64_t>(static_cast<size_t>(count_)), {}});
  for (int64_t i = 0; i < count_; ++i) chosen_->ids[static_cast<size_t>(i)] = order_->sample(i);
  engine_->each<SamplerPart>(*state, [&](SamplerPart& part) { part.epoch(*chosen_, *state); });
  HASTEN_CHECK(chosen_->weights.empty() || chosen_->weights.size() == chosen_->ids.size(), "one weight a sample");
  if (static_cast<int64_t>(chosen_->ids.size()) < size) {
    throw ConfigError("method", cat("at least one batch of ", size, " samples that methods leave of an epoch"),
                      std::to_string(chosen_->ids.size()), "use a smaller batch, or leave more samples");
  }
}

Sampler::Draw Sampler::next(int64_t size, const State* state) {
  HASTEN_CHECK(size > 0 && size <= count_, "a batch has from one to all samples");
  if (epoch_finished(size)) {
    ++epoch_;
    position_ = 0;
  }
  if (order_epoch_ != epoch_) begin_epoch(size, state);
  Draw draw;
  if (chosen_ != nullptr) {
    const auto first = chosen_->ids.begin() + position_;
    draw.ids.assign(first, first + size);
    if (!chosen_->weights.empty()) {
      draw.weights.assign(chosen_->weights.begin() + position_, chosen_->weights.begin() + position_ + size);
    }
  } else {
    for (int64_t i = position_; i < position_ + size; ++i) draw.ids.push_back(order_->sample(i));
  }
  position_ += size;
  return draw;
}

Sampler::Upcoming Sampler::upcoming() const {
  if (order_epoch_ != epoch_) return {};
  if (chosen_ != nullptr) {
    return {epoch_, left(),
            [chosen = chosen_, at = position_](int64_t i) { return chosen->ids[static_cast<size_t>(at + i)]; }};
  }
  return {epoch_, left(), [order = order_, at = position_](int64_t i) { return order->sample(at + i); }};
}

Sampler::Upcoming Sampler::next_epoch() const {
  if (has_parts()) return {};
  std::shared_ptr<const EpochPermutation> order = shuffle_.order(count_, seed_, static_cast<uint64_t>(epoch_ + 1));
  return {epoch_ + 1, count_, [order](int64_t i) { return order->sample(i); }};
}

void Sampler::state(StateVisitor& visitor) {
  visitor.integer("epoch", epoch_);
  visitor.integer("position", position_);
  visitor.integer("order_epoch", order_epoch_);
  if (visitor.loading()) {
    order_ = order_epoch_ < 0 ? nullptr : shuffle_.order(count_, seed_, static_cast<uint64_t>(order_epoch_));
    chosen_ = has_parts() && order_epoch_ >= 0 ? std::make_shared<EpochSamples>() : nullptr;
    if (chosen_ != nullptr) chosen_->epoch = order_epoch_;
  }
  if (!has_parts()) return;
  EpochSamples none;
  EpochSamples& chosen = chosen_ != nullptr ? *chosen_ : none;
  visit_numbers(visitor, "order", chosen.ids);
  visit_numbers(visitor, "weights", chosen.weights);
}

}  // namespace hasten
