// selective_backprop: before augmentation, samples of a batch are scored by their loss, and round(keep n) of them are
// trained on: the largest, or by chance with weight percentile^(1 / keep - 1). Scores come from a narrower model that is
// trained beside (proxy), from each sample's last loss in training (stale: no extra pass), or from the network itself at
// evaluation settings (self: nothing of it moves, but it costs a forward pass of the whole batch).
// Jiang et al. (arXiv:1910.00762); the proxy as in K. Jordan, 94% on CIFAR-10 in 3.29 seconds (arXiv:2404.00498).
#include "hasten/methods/derivatives/selective_backprop.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/dataset.h"
#include "hasten/data/transform.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/planned_model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {

int64_t selected_count(int64_t size, double keep) {
  return std::clamp<int64_t>(std::llround(keep * static_cast<double>(size)), 1, size);
}

// The places of the samples that are trained on, in order. `losses` by place; `ids` key the draws of kPercentile.
std::vector<int64_t> selected_places(const std::vector<float>& losses, const std::vector<int64_t>& ids, double keep,
                                     SampleChoice choice, uint64_t seed, int64_t step) {
  std::vector<int64_t> order(losses.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> keys(losses.begin(), losses.end());
  auto by_key = [&](auto a, auto b) { return keys[static_cast<size_t>(a)] > keys[static_cast<size_t>(b)]; };
  std::stable_sort(order.begin(), order.end(), by_key);
  if (choice == SampleChoice::kPercentile) {
    // Without replacement: the largest of u^(1 / weight) (Efraimidis and Spirakis 2006), in logarithms.
    const auto count = static_cast<double>(losses.size());
    for (size_t rank = 0; rank < order.size(); ++rank) {
      const auto place = static_cast<size_t>(order[rank]);
      const double percentile = (count - static_cast<double>(rank) - 0.5) / count;
      RandomStream random(seed, operation("selective_backprop.choice"), static_cast<uint64_t>(step),
                          static_cast<uint64_t>(ids[place]));
      keys[place] = std::log(1 - random.uniform()) / std::pow(percentile, 1 / keep - 1);
    }
    std::stable_sort(order.begin(), order.end(), by_key);
  }
  order.resize(static_cast<size_t>(selected_count(static_cast<int64_t>(losses.size()), keep)));
  std::sort(order.begin(), order.end());
  return order;
}

// The same model with `width` of its channels and features; without dropout, so that it draws no random numbers.
ModelPlan narrowed(const ModelPlan& full, double width) {
  ModelPlan plan = full;
  plan.heads.clear();
  auto scaled = [&](int64_t n) { return std::max<int64_t>(1, std::llround(width * static_cast<double>(n))); };
  Linear* last = nullptr;
  for (Block& block : plan.blocks) {
    for (auto* layers : {&block.layers, &block.shortcut, &block.after}) {
      std::erase_if(*layers, [](const Layer& layer) { return layer.kind.as<Dropout>() != nullptr; });
      for (Layer& layer : *layers) {
        if (auto* conv = layer.kind.as<Conv2d>()) conv->channels = conv->groups * scaled(conv->channels / conv->groups);
        if (auto* linear = layer.kind.as<Linear>()) (last = linear)->features = scaled(linear->features);
      }
    }
  }
  if (last != nullptr) last->features = plan.outputs;
  plan.infer();
  return plan;
}

namespace {

// The small model with its optimizer.
struct Proxy {
  Proxy(const ModelPlan& plan, uint64_t seed, double lr, at::Device device)
      : model(plan, mix(seed, operation("selective_backprop.proxy")), {nullptr, nullptr, device}),
        optimizer(make_adamw({.lr = lr})) {
    model.set_mode({true, Statistics::kKeep, 0});  // the batch's statistics: nothing but the weights is learnt
    for (const NamedTensor& p : model.parameters()) {
      if (p.value.requires_grad()) group.parameters.push_back(p.value);
    }
    group.lr = lr;
    optimizer->prepare(group);
  }
  at::Tensor losses(const Batch& batch, Compute compute) {
    PrecisionScope precision(compute);
    return cross_entropy(model.forward(batch.inputs), batch.labels, batch.targets);
  }
  void learn(const Batch& batch, Compute compute) {
    losses(batch, compute).mean().backward();
    c10::NoGradGuard no_grad;
    group.gradients.clear();
    for (const at::Tensor& p : group.parameters) group.gradients.push_back(p.grad());
    optimizer->update(group);
    model.clear_gradients();
  }
  void state(StateVisitor& visitor) {
    model.state(visitor);
    for (size_t s = 0; s < group.slots.size(); ++s) visitor.tensors(cat("slot", s), group.slots[s]);
  }

  PlannedModel model;
  UpdateGroup group;
  std::unique_ptr<Optimizer> optimizer;
};

class SelectiveBackprop final : public MethodOf<SelectiveBackpropParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const std::string where = "method.selective_backprop";
    const int64_t size = plan.run.batch.size;
    if (params_.keep < 1 && (shares(plan.run).cut == 0 || selected_count(size, params_.keep) == size))
      throw ConfigError(where + ".interval", "a step between start and end with a batch to cut", "none in the run",
                        "with scorer = \"stale\" losses are known from the second epoch on");
    if (params_.scorer != Scorer::kProxy || proxy_plan_) return;
    if (plan.model.opaque) throw ConfigError(where + ".scorer", "stale or self for a program's module", "proxy");
    proxy_plan_ = narrowed(plan.model, params_.proxy_width);  // of the run's beginning, whatever the model becomes
  }

  void apply(Batch& batch, const State& state) override {
    if (!cuts(state.progress)) return;
    const std::vector<float> known = scores(batch.to(state.device), state);
    batch =
        batch.select(selected_places(known, batch.ids, params_.keep, params_.choice, state.seed, state.progress.step));
  }

  void on(Event event, State& state) override {
    if (event == Event::kAfterLoss) return remember(state);
    if (learns(state.progress)) proxy(state.seed, state.device).learn(*state.batch, state.plan.run.precision.compute);
  }

  uint64_t work(const State& state) const override {
    return (cuts(state.progress) ? 1 : 0) + (learns(state.progress) ? 2 : 0);
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const Shares share = shares(plan.run);
    const PassCost proxy = proxy_plan_ ? proxy_plan_->flops() : PassCost{};
    const double scoring = params_.scorer == Scorer::kSelf ? plan.model.flops().forward : proxy.forward;
    estimate.forward = estimate.forward * share.trained + share.cut * scoring + share.learnt * proxy.forward;
    estimate.backward = estimate.backward * share.trained + share.learnt * proxy.backward;
    estimate.forward_passes += (params_.scorer == Scorer::kStale ? 0 : share.cut) + share.lessons;
    estimate.backward_passes += share.lessons;
  }

  void state(StateVisitor& visitor) override {
    visitor.tensor("losses", losses_);
    visitor.tensor("known", known_);
    visitor.integer("known_epoch", known_epoch_);
    bool has_proxy = proxy_.has_value();
    visitor.truth("has_proxy", has_proxy);
    StateVisitor::Scope scope(visitor, "proxy");
    if (has_proxy) proxy(0, visitor.device()).state(visitor);  // the seed does not matter to what is loaded
  }

 private:
  struct Shares {  // of all planned samples, and of steps in which the proxy learns
    double cut = 0, trained = 0, learnt = 0, lessons = 0;
  };
  Shares shares(const RunPlan& run) const {
    const double planned = run.length().total(Unit::kStep);  // where only the run will tell: many, to average over
    const int64_t steps = planned >= 0 ? std::max<int64_t>(1, std::llround(planned)) : 100 * run.steps_per_epoch();
    const double whole = 1 / static_cast<double>(steps), size = static_cast<double>(run.batch.size),
                 kept = whole * static_cast<double>(selected_count(run.batch.size, params_.keep)) / size;
    Shares sum;
    for (Progress at; at.step < steps; ++at.step) {
      at.fraction = static_cast<double>(at.step) * whole;
      at.epoch = at.step / run.steps_per_epoch();
      const double trained = cuts(at) ? kept : whole;
      sum.cut += cuts(at) ? whole : 0;
      sum.trained += trained;
      if (learns(at)) sum.learnt += trained, sum.lessons += whole;
    }
    return sum;
  }

  // Last losses are known when every sample was trained on once.
  bool cuts(const Progress& at) const {
    return params_.keep < 1 && at.fraction >= params_.start && at.fraction < params_.end &&
           at.step % params_.interval == 0 && (params_.scorer != Scorer::kStale || at.epoch > 0);
  }
  bool learns(const Progress& at) const {
    return proxy_plan_ && params_.keep < 1 && at.fraction < params_.end && at.step % params_.proxy_interval == 0;
  }

  Proxy& proxy(uint64_t seed, at::Device device) {
    if (!proxy_) proxy_.emplace(*proxy_plan_, seed, params_.proxy_lr, device);
    return *proxy_;
  }

  // Losses of the batch on the host, where samples are chosen: which ones go is known nowhere else.
  std::vector<float> scores(const Batch& batch, const State& state) {
    c10::NoGradGuard no_grad;
    if (params_.scorer == Scorer::kStale) return stale_scores(batch);
    const Compute compute = state.plan.run.precision.compute;
    at::Tensor losses;
    if (params_.scorer == Scorer::kProxy) {
      losses = proxy(state.seed, state.device).losses(batch, compute).cpu();
    } else {
      PrecisionScope precision(compute);
      ExtraPass untraced(state.model);
      state.model.set_training(false);  // each sample by itself, without dropout
      losses = cross_entropy(state.model.forward(batch.inputs), batch.labels, batch.targets).cpu();
    }
    return {losses.const_data_ptr<float>(), losses.const_data_ptr<float>() + losses.numel()};
  }

  // What was known at the start of the epoch; a sample that was left out of the last batch of the first comes first.
  std::vector<float> stale_scores(const Batch& batch) {
    if (std::exchange(known_epoch_, batch.epoch) != batch.epoch) known_ = losses_.cpu().clone();  // once an epoch
    const at::Tensor own = known_.cpu().index_select(0, at::tensor(batch.ids));  // a resumed run has it on the device
    return {own.const_data_ptr<float>(), own.const_data_ptr<float>() + own.numel()};
  }

  void remember(State& state) {
    if (params_.scorer != Scorer::kStale) return;
    c10::NoGradGuard no_grad;
    const at::TensorOptions options = state.loss_terms.options().dtype(at::kFloat);
    if (!losses_.defined()) losses_ = at::full({state.train_data->size()}, HUGE_VALF, options);
    losses_.index_copy_(0, at::tensor(state.microbatch->ids, options.dtype(at::kLong)), state.loss_terms.detach());
  }

  std::optional<ModelPlan> proxy_plan_;  // a function of the plan
  std::optional<Proxy> proxy_;  // made when it is first needed
  at::Tensor losses_, known_;  // float [samples]: the last loss of each; and as the epoch began, on the host
  int64_t known_epoch_ = -1;  // which epoch that was
};

}  // namespace

std::unique_ptr<Method> make_selective_backprop(const SelectiveBackpropParams& params) {
  return std::make_unique<SelectiveBackprop>(params);
}

}  // namespace hasten
