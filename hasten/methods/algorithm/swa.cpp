// swa: w_mean <- w_mean + (w - w_mean) / (n + 1) at even distances from `start` on, and the mean is evaluated, with
// running statistics that are measured for it. A rate that is held high from `start` on (`lr`) makes the weights differ.
// Izmailov et al., Averaging weights leads to wider optima and better generalization (arXiv:1803.05407).
#include "hasten/methods/algorithm/swa.h"

#include <ATen/ops/_foreach_lerp.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/weight_provider.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {

// `schedule` until a share `start` of the budget, then `value`. Lines stay what they are; a curve becomes 64 of them.
// `schedule` must have been resolved for `length`.
Schedule held_from(const Schedule& schedule, const RunLength& length, double start, double value) {
  constexpr int kLines = 64;
  auto at = [](double share) { return Duration{share, Unit::kFraction}; };
  std::vector<Schedule::Point> points;
  const Json json = schedule.to_json();
  if (json.is_array()) {
    for (const Json& point : json) {
      const double position =
          length.fraction(parse_duration(point[0].get<std::string>(), "schedule.lr"), "schedule.lr");
      if (position < start) points.push_back({at(position), point[1].get<double>()});
    }
  } else if (!schedule.constant()) {
    for (int i = 0; i < kLines; ++i) points.push_back({at(start * i / kLines), schedule.at(start * i / kLines)});
  }
  points.push_back({at(start), schedule.at(start)});
  points.push_back({at(start), value});
  return Schedule(std::move(points));
}

// How many evaluations, the last at the end of the budget, come at `start` or later. All are shares of the budget.
int64_t evaluations_from(double start, double every) {
  int64_t count = start <= 1 ? 1 : 0;
  for (double at = every; at < 1 - 1e-9; at += every) count += at >= start - 1e-9 ? 1 : 0;
  return count;
}

namespace {

bool has_statistics(const ModelPlan& plan) {
  bool found = false;
  plan.each_layer([&](const Block&, const Layer& layer) { found = found || layer.kind.as<BatchNorm>() != nullptr; });
  return found;
}

class Swa final : public MethodOf<SwaParams>, public WeightProvider {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const RunLength length = plan.run.length();
    const bool known = length.total(params_.start.unit) > 0 && length.total(params_.interval.unit) > 0;
    if (known) {
      const double start = length.fraction(params_.start, "method.swa.start");
      const double left = 1 - start, interval = length.fraction(params_.interval, "method.swa.interval");
      if (left < interval * (1 - 1e-9)) {
        throw ConfigError("method.swa.interval", "at least two weights to average before the end of the budget",
                          "start '" + to_string(params_.start) + "', interval '" + to_string(params_.interval) + "'",
                          "start earlier or take weights more often");
      }
    }
    if (params_.lr <= 0) return;
    const double start = length.fraction(params_.start, "method.swa.start");
    auto found = plan.run.schedules.find("lr");
    Schedule before = found == plan.run.schedules.end() ? Schedule(1.0) : found->second;
    before.resolve(length, "schedule.lr");
    plan.run.schedules["lr"] = held_from(before, length, start, params_.lr);
  }

  void on(Event, State& state) override {
    const Budget& budget = state.budget;
    if (budget.consumed(state.progress, params_.start.unit) < params_.start.value) return;
    const double now = budget.consumed(state.progress, params_.interval.unit);
    if (taken_ == 0) first_ = now;
    // Half a millionth of an interval keeps 3 x 0.1 from falling short of 0.3.
    const auto due = static_cast<int64_t>(std::floor((now - first_) / params_.interval.value + 5e-7));
    if (taken_ > 0 && due <= last_) return;
    last_ = due;
    take(state.model);
  }

  // Each evaluation measures running statistics first, by forward passes over some training batches.
  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const RunLength length = plan.run.length();
    const double samples = length.total(Unit::kSample);
    if (samples <= 0 || length.total(params_.start.unit) <= 0 || length.total(plan.run.evaluation.every.unit) <= 0) {
      estimate.by_chance = true;  // only the run tells how often it is evaluated
      return;
    }
    const double start = length.fraction(params_.start, "method.swa.start");
    const double every = length.fraction(plan.run.evaluation.every, "evaluation.every");
    const int64_t size = std::min(plan.run.batch.size, plan.run.train_count);
    const int64_t measured = std::min(kStatisticsBatches, plan.run.train_count / size) * size;
    const double passes = static_cast<double>(evaluations_from(start, every) * measured) / samples;
    if (has_statistics(plan.model)) estimate.forward += passes * plan.model.flops().forward;
  }

  bool ready() const override { return taken_ > 0; }
  std::string label() const override { return "swa"; }
  bool needs_statistics() const override { return true; }
  // Buffers change places too, so that those of training outlive the measuring.
  void exchange(Model& model) override { exchange_values(values_of(model.tensors()), values_of(means_)); }
  void carry(const PlanChange& change, State& state) override {
    if (ready()) means_ = carried(change, means_, state.model.tensors());
  }

  void state(StateVisitor& visitor) override {
    visit_named(visitor, "mean", means_);
    visitor.integer("taken", taken_);
    visitor.integer("last", last_);
    visitor.number("first", first_);
  }

 private:
  void take(const Model& model) {
    c10::NoGradGuard no_grad;
    const std::vector<NamedTensor> live = model.tensors();
    if (taken_++ == 0) {
      for (const NamedTensor& entry : live) means_.push_back({entry.name, entry.value.detach().clone()});
      return;
    }
    // Parameters come first; statistics are measured at evaluation.
    std::vector<at::Tensor> means, weights;
    for (size_t i = 0; i < model.parameters().size(); ++i) {
      means.push_back(means_[i].value);
      weights.push_back(live[i].value.detach());
    }
    at::_foreach_lerp_(means, weights, 1 / static_cast<double>(taken_));
  }

  std::vector<NamedTensor> means_;
  int64_t taken_ = 0, last_ = 0;  // weights in the mean; intervals between the first and the last of them
  double first_ = 0;
};

}  // namespace

std::unique_ptr<Method> make_swa(const SwaParams& params) { return std::make_unique<Swa>(params); }

}  // namespace hasten
