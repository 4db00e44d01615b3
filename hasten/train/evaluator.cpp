// Quality on a split.
#include "hasten/train/evaluator.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "hasten/base/rng.h"
#include "hasten/meter/flops.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/prediction.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
double Evaluator::install(State& state) {
  bool measure = false;
  engine_.each<WeightProvider>(state, [&](WeightProvider& provider) {
    if (!provider.ready()) return;
    provider.exchange(model_);
    installed_ = provider.label();
    measure = provider.needs_statistics() && !model_.buffers().empty();
  });
  return measure ? measure_statistics(state) : 0;
}

double Evaluator::measure_statistics(const State& state) {
  FlopCounter counter;
  c10::NoGradGuard no_grad;
  const at::Tensor random = random_state();  // dropout draws here, too, and training must not notice
  PrecisionScope precision(plan_.run.precision.compute);
  const Dataset& data = *state.train_data;
  const int64_t size = std::min(plan_.run.batch.size, data.size());
  const std::vector<int64_t> order = permutation(data.size(), state.seed, operation("evaluator.statistics"), 0);
  PassMode mode{true, Statistics::kAverage, 0};
  for (; mode.averaged < std::min(kStatisticsBatches, data.size() / size); ++mode.averaged) {
    const auto first = order.begin() + mode.averaged * size;
    model_.set_mode(mode);
    model_.forward(data.gather({first, first + size}).inputs);
  }
  model_.set_training(true);
  set_random_state(random);
  return counter.total();
}

template <class Use>
std::string Evaluator::each_batch(const Dataset& data, const State& state, const Use& use) {
  std::string prediction;
  auto forward = [&](const at::Tensor& inputs) { return model_.forward(inputs).to(at::kFloat); };
  const int64_t step = plan_.run.evaluation.batch;
  std::vector<int64_t> ids;
  for (int64_t begin = 0; begin < data.size(); begin += step) {
    ids.resize(static_cast<size_t>(std::min(step, data.size() - begin)));
    std::iota(ids.begin(), ids.end(), begin);
    Batch batch = data.gather(ids);
    at::Tensor logits;
    engine_.each<Prediction>(state, [&](Prediction& part) {
      logits = part.predict(batch.inputs, forward);
      prediction = part.label();
    });
    if (!logits.defined()) logits = forward(batch.inputs);
    use(batch, logits);
  }
  return prediction;
}

at::Tensor Evaluator::predict(const Dataset& data, State& state) {
  model_.set_training(false);
  c10::NoGradGuard no_grad;
  PrecisionScope precision(plan_.run.precision.compute);
  std::vector<at::Tensor> parts;
  each_batch(data, state, [&](const Batch&, const at::Tensor& logits) { parts.push_back(logits); });
  return at::cat(parts);
}

Evaluation Evaluator::measure(const Dataset& data, State& state) {
  engine_.fire(Event::kEvaluationStart, state);
  model_.set_training(false);
  Evaluation result;
  {
    c10::NoGradGuard no_grad;
    PrecisionScope precision(plan_.run.precision.compute);
    const at::TensorOptions there(state.device);
    at::Tensor correct = at::zeros({}, there.dtype(at::kLong)), loss = at::zeros({}, there.dtype(at::kDouble));
    const std::string prediction = each_batch(data, state, [&](const Batch& batch, const at::Tensor& logits) {
      correct.add_(logits.argmax(-1).eq(batch.labels).sum());
      // Of text a loss is a mean over positions; here every target counts alike.
      const double positions = batch.labels.dim() == 1 ? 1 : static_cast<double>(batch.labels.size(1));
      loss.add_(cross_entropy(logits, batch.labels, {}).sum(), positions);
    });
    auto count = static_cast<double>(data.targets());
    result = {static_cast<double>(correct.item<int64_t>()) / count, loss.item<double>() / count, "raw"};
    if (!installed_.empty() || !prediction.empty()) {
      result.weights = installed_ + (installed_.empty() || prediction.empty() ? "" : "+") + prediction;
    }
  }
  model_.set_training(true);
  engine_.fire(Event::kEvaluationEnd, state);
  return result;
}

void Evaluator::remove(State& state) {
  if (installed_.empty()) return;
  engine_.each<WeightProvider>(state, [&](WeightProvider& provider) { provider.exchange(model_); });
  installed_.clear();
}

}  // namespace hasten
