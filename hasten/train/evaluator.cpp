// Quality on a split.
#include "hasten/train/evaluator.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "hasten/nn/autocast.h"
#include "hasten/nn/weight_provider.h"
#include "hasten/train/training_step.h"

namespace hasten {

Evaluation Evaluator::measure(const Dataset& data) {
  c10::NoGradGuard no_grad;
  PrecisionScope precision(plan_.run.precision.compute);
  at::Tensor correct = at::zeros({}, at::kLong), loss = at::zeros({}, at::kDouble);
  const int64_t step = plan_.run.evaluation.batch;
  std::vector<int64_t> ids;
  for (int64_t begin = 0; begin < data.size(); begin += step) {
    ids.resize(static_cast<size_t>(std::min(step, data.size() - begin)));
    std::iota(ids.begin(), ids.end(), begin);
    Batch batch = data.gather(ids);
    at::Tensor logits = model_.forward(batch.inputs).to(at::kFloat);
    correct.add_(logits.argmax(1).eq(batch.labels).sum());
    loss.add_(cross_entropy(logits, batch).sum());
  }
  auto count = static_cast<double>(data.size());
  return {static_cast<double>(correct.item<int64_t>()) / count, loss.item<double>() / count, "raw"};
}

Evaluation Evaluator::run(const Dataset& data, State& state) {
  engine_.fire(Event::kEvaluationStart, state);
  model_.set_training(false);
  std::string label = "raw";
  engine_.each<WeightProvider>(state, [&](WeightProvider& provider) {
    if (!provider.ready()) return;
    provider.exchange(model_);
    label = provider.label();
  });
  Evaluation result = measure(data);
  result.weights = label;
  if (label != "raw") engine_.each<WeightProvider>(state, [&](WeightProvider& provider) { provider.exchange(model_); });
  model_.set_training(true);
  engine_.fire(Event::kEvaluationEnd, state);
  return result;
}

}  // namespace hasten
