// infobatch: at the start of each epoch, every sample whose last loss is below the mean of all is left out with chance r,
// and those of them that stay weigh 1 / (1 - r), so the expected sum of gradients over the epoch is that of all samples.
// The last part of the budget uses all of them. No extra forward passes: the losses are those of training.
// Qin et al., InfoBatch: lossless training speed up by unbiased dynamic data pruning (arXiv:2303.04947).
#include "hasten/methods/training_data/infobatch.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/dataset.h"
#include "hasten/data/sampler.h"

namespace hasten {

// Leaves out entries of `samples` whose loss is below the mean. `losses`: by sample id; infinite for samples that were
// not seen yet, which stay.
void prune_easy(EpochSamples& samples, const std::vector<float>& losses, double ratio, uint64_t seed) {
  double sum = 0;
  int64_t known = 0;
  for (float loss : losses) {
    if (loss == std::numeric_limits<float>::infinity()) continue;
    sum += loss;
    ++known;
  }
  const double mean = known == 0 ? 0 : sum / static_cast<double>(known);
  EpochSamples kept{samples.epoch, {}, {}};
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    const int64_t id = samples.ids[i];
    const float weight = samples.weights.empty() ? 1.0f : samples.weights[i];
    const bool easy = losses[static_cast<size_t>(id)] < mean;
    RandomStream random(seed, operation("infobatch.keep"), static_cast<uint64_t>(samples.epoch),
                        static_cast<uint64_t>(id));
    if (easy && random.uniform() < ratio) continue;
    kept.ids.push_back(id);
    kept.weights.push_back(easy ? weight / static_cast<float>(1 - ratio) : weight);
  }
  samples = std::move(kept);
}

namespace {

class InfoBatch final : public MethodOf<InfoBatchParams>, public SamplerPart {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.run.steps_vary = true;
    const double least = static_cast<double>(plan.run.epoch_samples) * (1 - params_.ratio);
    if (least + 1e-6 >= static_cast<double>(plan.run.batch.size)) return;  // 200 (1 - 0.9) is twenty
    throw ConfigError("method.infobatch.ratio",
                      cat("a ratio that leaves a batch of ", plan.run.batch.size, " of the ", plan.run.epoch_samples,
                          " samples of an epoch"),
                      number(params_.ratio), "choose a smaller ratio or a smaller batch");
  }

  void epoch(EpochSamples& samples, const State& state) override {
    if (!losses_.defined() || state.progress.fraction >= 1 - params_.anneal) return;
    at::Tensor host = losses_.cpu();  // once an epoch
    const float* values = host.const_data_ptr<float>();
    prune_easy(samples, {values, values + host.numel()}, params_.ratio, state.seed);
  }

  // The loss of a sample as training sees it; nothing waits for the device.
  void on(Event, State& state) override {
    c10::NoGradGuard no_grad;
    if (!losses_.defined()) {
      losses_ = at::full({state.train_data->size()}, std::numeric_limits<float>::infinity(),
                         state.loss_terms.options().dtype(at::kFloat));
    }
    losses_.index_copy_(0, at::tensor(state.microbatch->ids, losses_.options().dtype(at::kLong)),
                        state.loss_terms.detach());
  }

  // If half of the losses lie below their mean; only the run tells how many do.
  void cost(const Plan& plan, CostEstimate& estimate) const override {
    if (plan.run.budget.unit != Unit::kEpoch) return;  // other budgets are used up, with more epochs
    const double first_epoch = 1 / std::max(plan.run.length().total(Unit::kEpoch), 1.0);
    const double left = 1 - 0.5 * params_.ratio * std::max(0.0, 1 - params_.anneal - first_epoch);
    estimate.by_chance = true;
    estimate.forward *= left;
    estimate.backward *= left;
  }

  void state(StateVisitor& visitor) override { visitor.tensor("losses", losses_); }

 private:
  at::Tensor losses_;  // float [samples], the last loss of each
};

}  // namespace

std::unique_ptr<Method> make_infobatch(const InfoBatchParams& params) { return std::make_unique<InfoBatch>(params); }

}  // namespace hasten
