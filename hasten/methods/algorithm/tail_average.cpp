// tail_average: from 1 - `tail` of the budget on a <- w + (a - w) exp(-d / (memory tail)), d the share of the budget since the
// last step; what is evaluated is (1 - weight) w + weight a. The path of the last weights, extended to where the average
// stands behind it, lies on both: a mixture has less noise than the end and less lag than the mean.
// Averages of the latest weights: Kaddour (arXiv:2209.14981); early in training: Sanyal et al. (arXiv:2306.03241).
#include "hasten/methods/algorithm/tail_average.h"

#include <ATen/ops/_foreach_lerp.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
namespace {

// Those of `a` and `b` at the places where `b` holds floating-point values.
struct TensorPairs {
  std::vector<at::Tensor> a, b;
  TensorPairs(const std::vector<NamedTensor>& first, const std::vector<NamedTensor>& second) {
    for (size_t i = 0; i < second.size(); ++i) {
      if (!second[i].value.is_floating_point()) continue;
      a.push_back(first[i].value);
      b.push_back(second[i].value.detach());
    }
  }
};

std::vector<NamedTensor> copies_of(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& entry : tensors) copies.push_back({entry.name, entry.value.detach().clone()});
  return copies;
}

class TailAverage final : public MethodOf<TailAverageParams>, public WeightProvider {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const int64_t steps = Budget(plan.run).total_steps();
    if (params_.weight == 0 || steps < 0 || static_cast<double>(steps) * params_.tail >= 2) return;
    throw ConfigError("method.tail_average.tail", cat("at least two of the ", steps, " steps"), number(params_.tail),
                      "the average would be the weights of one step");
  }

  void on(Event, State& state) override {
    if (params_.weight == 0 || state.progress.fraction < 1 - params_.tail) return;
    c10::NoGradGuard no_grad;
    const std::vector<NamedTensor> live = state.model.tensors();
    const double now = state.progress.fraction;
    if (average_.empty()) {
      average_ = copies_of(live);
    } else {
      const TensorPairs pairs(average_, live);
      at::_foreach_lerp_(pairs.a, pairs.b, -std::expm1(-(now - last_) / (params_.memory * params_.tail)));
    }
    last_ = now;
  }

  bool ready() const override { return !average_.empty(); }
  std::string label() const override { return "tail_average"; }
  // The mixture is made when it is asked for, and kept until the weights of training are back.
  void exchange(Model& model) override {
    c10::NoGradGuard no_grad;
    if (mixture_.empty()) {
      mixture_ = copies_of(model.tensors());
      const TensorPairs pairs(mixture_, average_);
      at::_foreach_lerp_(pairs.a, pairs.b, params_.weight);
      exchange_values(values_of(model.tensors()), values_of(mixture_));
    } else {
      exchange_values(values_of(model.tensors()), values_of(mixture_));
      mixture_.clear();
    }
  }
  void carry(const PlanChange& change, State& state) override {
    if (ready()) average_ = carried(change, average_, state.model.tensors());
  }

  void state(StateVisitor& visitor) override {
    visit_named(visitor, "average", average_);
    visitor.number("last", last_);
  }

 private:
  std::vector<NamedTensor> average_, mixture_;
  double last_ = 0;
};

}  // namespace

std::unique_ptr<Method> make_tail_average(const TailAverageParams& params) {
  return std::make_unique<TailAverage>(params);
}

}  // namespace hasten
