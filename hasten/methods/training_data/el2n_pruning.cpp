// el2n_pruning: a sample's score is ||softmax(f(x)) - onehot(y)||_2, averaged over models that were trained for a short
// while; of n samples the round(keep n) of highest score stay, below the round(drop_hardest n) highest. The scoring models
// are preludes: their training and the passes that score are charged to the run. At equal compute the gain over a random
// subset is small.
// Paul, Ganguli, Dziugaite, Deep learning on a data diet: finding important examples early in training (arXiv:2107.07075).
#include "hasten/methods/training_data/el2n_pruning.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/core/prelude.h"
#include "hasten/data/dataset.h"
#include "hasten/data/sampler.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/model.h"

namespace hasten {

// [n] from logits [n, classes] in any format and labels int64 [n].
at::Tensor el2n_scores(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor chances = at::softmax(logits.to(at::kFloat), 1);
  const at::Tensor own = labels.unsqueeze(1);
  // Not in place: where gradients are on, gather keeps its input, which would then be its own successor and never be freed.
  return chances.scatter(1, own, chances.gather(1, own).sub(1)).norm(2, 1);
}

// Places of the samples that stay, ascending. `scores`: by sample id.
std::vector<size_t> hard_places(const std::vector<int64_t>& ids, const float* scores, double keep,
                                double drop_hardest) {
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const float left = scores[ids[a]], right = scores[ids[b]];
    return left != right ? left > right : ids[a] < ids[b];  // does not depend on the epoch's order
  });
  const auto share = [&](double of) { return static_cast<size_t>(std::llround(of * static_cast<double>(ids.size()))); };
  const size_t first = std::min(share(drop_hardest), ids.size());
  const size_t end = std::min(first + std::max<size_t>(share(keep), 1), ids.size());
  std::vector<size_t> kept(order.begin() + static_cast<std::ptrdiff_t>(first),
                           order.begin() + static_cast<std::ptrdiff_t>(end));
  std::sort(kept.begin(), kept.end());
  return kept;
}

namespace {

class El2nPruning final : public MethodOf<El2nPruningParams>, public Prelude, public SamplerPart {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.keep >= 1) return;
    if (plan.model.opaque) {
      throw ConfigError("method.el2n_pruning", "a model of one of the families, which can be trained for scores",
                        "a module of the program");
    }
    if (params_.keep + params_.drop_hardest > 1 + 1e-9) {
      throw ConfigError("method.el2n_pruning.drop_hardest", cat("at most 1 - keep = ", number(1 - params_.keep)),
                        number(params_.drop_hardest));
    }
    scoring_plan(plan.run.recipe);
    const int64_t all = plan.run.epoch_samples;
    const std::vector<int64_t> ids(static_cast<size_t>(all));
    const float equal = 0;
    const auto kept = static_cast<int64_t>(hard_places(ids, &equal, params_.keep, params_.drop_hardest).size());
    if (kept == all || kept < plan.run.batch.size) {
      throw ConfigError("method.el2n_pruning.keep",
                        kept == all ? cat("a share that leaves some of ", all, " samples out")
                                    : cat("a share with the ", plan.run.batch.size, " samples of a batch"),
                        cat(number(params_.keep), ", which is ", kept, " samples"));
    }
    plan.run.epoch_samples = kept;
  }

  std::vector<PreludeRun> runs(const Recipe& recipe, uint64_t seed) const override {
    std::vector<PreludeRun> list;
    for (int64_t i = 0; i < params_.models && params_.keep < 1; ++i) {
      // Another start and order each; 32 bits are easier to read in a record.
      const uint64_t own = mix(mix(seed, operation("el2n_pruning.model")), static_cast<uint64_t>(i)) >> 32;
      list.push_back({"", plain_recipe(recipe, "-el2n", params_.budget), own});
    }
    return list;
  }

  void finished(size_t, State& run) override {
    c10::NoGradGuard no_grad;
    PrecisionScope precision(run.plan.run.precision.compute);
    const Dataset& data = *run.train_data;
    const int64_t step = run.plan.run.evaluation.batch;
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < data.size(); begin += step) {
      std::vector<int64_t> ids(static_cast<size_t>(std::min(step, data.size() - begin)));
      std::iota(ids.begin(), ids.end(), begin);
      const Batch batch = data.gather(ids);
      parts.push_back(el2n_scores(run.model.forward(batch.inputs), batch.labels));
    }
    const at::Tensor share = at::cat(parts).cpu().div(static_cast<double>(params_.models));
    scores_ = scores_.defined() ? scores_.add(share) : share;
  }

  void epoch(EpochSamples& samples, const State&) override {
    if (!scores_.defined()) return;  // only at keep = 1
    scores_ = scores_.cpu();  // a resumed run finds them on the device
    EpochSamples kept{samples.epoch, {}, {}};
    for (size_t place : hard_places(samples.ids, scores_.const_data_ptr<float>(), params_.keep, params_.drop_hardest)) {
      kept.ids.push_back(samples.ids[place]);
      if (!samples.weights.empty()) kept.weights.push_back(samples.weights[place]);
    }
    samples = std::move(kept);
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    if (params_.keep >= 1) return;
    const Plan scoring = scoring_plan(plan.run.recipe);
    const PassCost pass = scoring.model.flops();
    const Duration& budget = scoring.run.budget;
    double training = 0;  // of a budget in seconds or joules nobody knows beforehand
    if (budget.unit == Unit::kFlop) training = budget.value;
    const int64_t steps = Budget(scoring.run).total_steps();
    if (steps > 0) training = static_cast<double>(steps * scoring.run.batch.size) * (pass.forward + pass.backward);
    estimate.before +=
        static_cast<double>(params_.models) * (training + static_cast<double>(plan.run.train_count) * pass.forward);
  }

  void state(StateVisitor& visitor) override { visitor.tensor("scores", scores_); }

 private:
  Plan scoring_plan(const Recipe& recipe) const {
    try {
      Plan plan = baseline_plan(plain_recipe(recipe, "-el2n", params_.budget));
      finish_plan(plan);
      return plan;
    } catch (const ConfigError& error) {
      throw ConfigError("method.el2n_pruning.budget",
                        "a length that the recipe can be trained for: " + error.expected() + " at " + error.where(),
                        error.got(), error.hint());
    }
  }

  at::Tensor scores_;  // float [samples], on the host, where samples are chosen
};

}  // namespace

std::unique_ptr<Method> make_el2n_pruning(const El2nPruningParams& params) {
  return std::make_unique<El2nPruning>(params);
}

}  // namespace hasten
