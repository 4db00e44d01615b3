// Choosing threads by measurement.
#include "hasten/train/thread_choice.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "hasten/base/clock.h"
#include "hasten/data/batch.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
namespace {

constexpr int64_t kSpanNs = 15'000'000;  // of one measurement
constexpr int kFewestRounds = 5, kMostRounds = 15;
constexpr double kClearly = 1.05;

at::Tensor made_up_inputs(const Plan& plan, int64_t samples) {
  std::vector<int64_t> shape{samples};
  shape.insert(shape.end(), plan.model.input.begin(), plan.model.input.end());
  if (plan.run.data.text) return at::zeros(shape, at::kLong);
  at::Tensor inputs = at::zeros(shape);
  return inputs.dim() == 4 ? channels_last(inputs) : inputs;
}

}  // namespace

bool one_will_do(const std::function<double()>& time_ratio) {
  int rounds = 0, alike = 0;
  const auto disagree = [&] { return std::min(alike, rounds - alike) > rounds / 5; };
  for (; rounds < kFewestRounds || (rounds < kMostRounds && disagree()); ++rounds) {
    if (time_ratio() < kClearly) ++alike;
  }
  return alike > rounds / 2;
}

int fastest_threads(const Plan& plan, int most) {
  const int64_t batch = plan.run.batch.microbatch > 0 ? plan.run.batch.microbatch : plan.run.batch.size;
  if (most < 2 || plan.model.opaque || training_flops_per_sample(plan) * static_cast<double>(batch) > kSmallStepFlops)
    return most;
  const at::Tensor random = random_state();  // dropout draws
  PlannedModel model(plan.model, 0);
  model.set_training(true);
  const at::Tensor inputs = made_up_inputs(plan, batch);
  const at::Tensor labels = at::zeros(plan.run.data.text ? inputs.sizes() : inputs.sizes().slice(0, 1), at::kLong);
  const auto step = [&] {
    PrecisionScope precision(plan.run.precision.compute);
    cross_entropy(model.forward(inputs), labels, {}).sum().backward();
    model.clear_gradients();
  };
  const auto seconds_per_step = [&](int threads) {
    at::set_num_threads(threads);
    step();  // the first one wakes threads, or has them put to sleep
    const int64_t begin = now_ns();
    int64_t steps = 0, now = begin;
    for (; now - begin < kSpanNs; now = now_ns()) {
      step();
      ++steps;
    }
    return seconds(now - begin) / static_cast<double>(steps);
  };
  const auto time_ratio = [&] {
    const double alone = seconds_per_step(1);
    return alone / seconds_per_step(most);
  };
  const int chosen = one_will_do(time_ratio) ? 1 : most;
  set_random_state(random);
  at::set_num_threads(chosen);
  return chosen;
}

}  // namespace hasten
