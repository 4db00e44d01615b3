// channel_pruning: after each update every filter g of a prunable convolution is shortened, w_g <- w_g max(0, 1 - lr p /
// |w_g|), which is the proximal step of the group lasso p sum |w_g|, apart from the optimizer's own rule. At even distances
// of the budget, channels whose filter is shorter than a share of the longest in the layer are cut out of the filter, the
// normalisation behind it and the next consumer, with their running statistics and optimizer slots.
// Prunable is a trained convolution whose output reaches exactly one convolution or matrix, and no residual sum.
// Lym et al., PruneTrain: fast neural network training by dynamic sparse model reconfiguration (arXiv:1901.09290).
#include "hasten/methods/parameters/channel_pruning.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/normalization.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {

// A convolution whose output channels can go, and who else must follow; names are "block.layer".
struct PrunableConvolution {
  std::string name;
  int64_t channels = 0;
  std::vector<std::string> norms;
  std::string consumer;
  int64_t spread = 1;  // inputs of the consumer that belong to one channel
};

namespace {

struct PlacedLayer {
  std::string name;
  const Layer* layer;
};

// Rows of layers in which each one's output goes to the next alone.
std::vector<std::vector<PlacedLayer>> unshared_rows(const ModelPlan& plan) {
  std::vector<std::vector<PlacedLayer>> rows(1);
  auto append = [&](const Block& block, const std::vector<Layer>& layers) {
    for (const Layer& layer : layers) rows.back().push_back({block.name + "." + layer.name, &layer});
  };
  for (const Block& block : plan.blocks) {
    if (block.residual) rows.emplace_back();  // its input goes two ways
    append(block, block.layers);
    if (block.residual) {
      rows.emplace_back();
      append(block, block.shortcut);
      rows.emplace_back();  // the sum
    }
    append(block, block.after);
    auto taps = [&](const AuxiliaryHead& head) { return head.after == block.name; };
    if (std::any_of(plan.heads.begin(), plan.heads.end(), taps)) rows.emplace_back();
  }
  for (const AuxiliaryHead& head : plan.heads) {
    rows.emplace_back();
    append(head.block, head.block.layers);
  }
  return rows;
}

bool is_trained(const Layer& layer) {
  auto trained = [](const ParameterPlan& p) { return p.name == "weight" && p.trainable; };
  return std::any_of(layer.parameters.begin(), layer.parameters.end(), trained);
}

// What follows row[i], if everything between it and its consumer is known to treat channels one by one.
std::optional<PrunableConvolution> prunable_at(const std::vector<PlacedLayer>& row, size_t i) {
  const auto* conv = row[i].layer->kind.as<Conv2d>();
  if (conv == nullptr || conv->groups != 1 || !is_trained(*row[i].layer)) return std::nullopt;
  PrunableConvolution found{row[i].name, conv->channels, {}, "", 1};
  for (size_t j = i + 1; j < row.size(); ++j) {
    const Layer& next = *row[j].layer;
    const LayerKind& kind = next.kind;
    if (const auto* consumer = kind.as<Conv2d>(); consumer != nullptr || kind.as<Linear>() != nullptr) {
      if (consumer != nullptr && consumer->groups != 1) return std::nullopt;
      found.consumer = row[j].name;
      return found;
    }
    if (kind.as<BatchNorm>() != nullptr) found.norms.push_back(row[j].name);
    else if (kind.as<Flatten>() != nullptr) found.spread = element_count(next.in) / next.in[0];
    else if (kind.as<Activation>() == nullptr && kind.as<Dropout>() == nullptr && kind.as<Scale>() == nullptr &&
             kind.as<Pool2d>() == nullptr && kind.as<GlobalPool>() == nullptr)
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<PrunableConvolution> prunable_convolutions(const ModelPlan& plan) {
  std::vector<PrunableConvolution> found;
  for (const auto& row : unshared_rows(plan)) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (auto one = prunable_at(row, i)) found.push_back(std::move(*one));
    }
  }
  return found;
}

// [filters]: the length of each filter of a weight [filters, ...].
at::Tensor filter_lengths(const at::Tensor& weight) {
  return at::linalg_vector_norm(weight.detach().reshape({weight.size(0), -1}), 2, 1);
}

// The channels that stay, in order: those at least `threshold` times as long as the longest, and the longest `minimum`.
std::vector<int64_t> kept_channels(const std::vector<float>& lengths, double threshold, int64_t minimum) {
  std::vector<int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  auto length = [&](int64_t channel) { return lengths[static_cast<size_t>(channel)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return length(a) > length(b); });
  std::vector<int64_t> kept;
  for (int64_t channel : order) {
    const bool needed = static_cast<int64_t>(kept.size()) < minimum;
    if (needed || length(channel) >= threshold * length(order.front())) kept.push_back(channel);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

// Adds to `change` what follows when `conv` keeps these channels.
void keep_channels(const PrunableConvolution& conv, const std::vector<int64_t>& kept, PlanChange& change) {
  auto select = [&](const std::string& tensor, int64_t dimension, const std::vector<int64_t>& entries) {
    TensorMove& move = change.moves[tensor];
    move.from = tensor;
    move.selections.push_back({dimension, entries});
  };
  for (const char* tensor : {".weight", ".bias"}) select(conv.name + tensor, 0, kept);
  for (const std::string& norm : conv.norms) {
    for (const char* tensor : {".weight", ".bias", ".running_mean", ".running_var"}) select(norm + tensor, 0, kept);
  }
  std::vector<int64_t> inputs;
  for (int64_t channel : kept) {
    for (int64_t i = 0; i < conv.spread; ++i) inputs.push_back(channel * conv.spread + i);
  }
  select(conv.consumer + ".weight", 1, inputs);
}

namespace {

class ChannelPruning final : public MethodOf<ChannelPruningParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    pressed_.clear();  // they belong to the optimizers of the plan before
    if (prunable_convolutions(plan.model).empty()) {
      throw ConfigError("method.channel_pruning",
                        "a convolution whose output reaches one other layer and no residual sum", "none",
                        "for example model.family = \"convnet\" or a residual network");
    }
    if (params_.interval > params_.end) {
      throw ConfigError("method.channel_pruning.interval", "at most end = " + number(params_.end),
                        number(params_.interval));
    }
    plan.model.each_layer([&](Block& block, Layer& layer) {
      auto cut = std::find(names_.begin(), names_.end(), block.name + "." + layer.name);
      if (cut == names_.end()) return;
      layer.kind.as<Conv2d>()->channels = widths_[static_cast<size_t>(cut - names_.begin())];
    });
  }

  // The proximal step. Behind the update, so that no optimizer's momentum or scale enters.
  void on(Event, State& state) override {
    if (params_.pressure == 0 || state.progress.fraction >= params_.end) return;
    c10::NoGradGuard no_grad;
    if (pressed_.empty()) find_pressed(state);
    for (const auto& [weight, group] : pressed_) {
      at::Tensor lengths = filter_lengths(weight).clamp_min(1e-12).reshape({-1, 1, 1, 1});
      weight.detach().mul_(lengths.reciprocal().mul(-group->lr * params_.pressure).add(1).clamp_min(0));
    }
  }

  std::optional<PlanChange> replan(State& state) override {
    const double done = state.budget.fraction(state.progress);
    // A billionth keeps 3 x 0.1 from falling behind 0.3.
    const auto due = static_cast<int64_t>(std::floor(std::min(done, params_.end) / params_.interval + 1e-9));
    if (due <= removals_ || done >= 1) return std::nullopt;
    removals_ = due;
    PlanChange change;
    int64_t before = 0, after = 0;
    for (const PrunableConvolution& conv : prunable_convolutions(state.plan.model)) {
      at::Tensor lengths = filter_lengths(state.model.parameter(conv.name + ".weight")).cpu();  // a few times a run
      const float* values = lengths.const_data_ptr<float>();
      std::vector<int64_t> kept = kept_channels({values, values + lengths.numel()}, params_.threshold, params_.minimum);
      before += conv.channels;
      after += static_cast<int64_t>(kept.size());
      if (static_cast<int64_t>(kept.size()) < conv.channels) keep_channels(conv, kept, change);
      set_width(conv.name, static_cast<int64_t>(kept.size()));
    }
    if (change.moves.empty()) return std::nullopt;
    change.reason = cat("pruned to ", after, " of ", before, " channels");
    return change;
  }

  // How many channels vanish is known at the end; this is the model before anything did.
  void cost(const Plan&, CostEstimate& estimate) const override { estimate.by_chance = true; }

  void state(StateVisitor& visitor) override {
    visitor.integer("removals", removals_);
    visitor.integers("widths", widths_);
    names_.resize(widths_.size());
    for (size_t i = 0; i < names_.size(); ++i) visitor.text(cat("name", i), names_[i]);
  }

 private:
  void set_width(const std::string& conv, int64_t width) {
    const auto at = static_cast<size_t>(std::find(names_.begin(), names_.end(), conv) - names_.begin());
    if (at == names_.size()) {
      names_.push_back(conv);
      widths_.push_back(width);
    }
    widths_[at] = width;
  }

  void find_pressed(State& state) {
    std::vector<std::string> weights;
    for (const auto& conv : prunable_convolutions(state.plan.model)) weights.push_back(conv.name + ".weight");
    state.optimizers->each_group([&](const Optimizer&, UpdateGroup& group) {
      for (size_t i = 0; i < group.names.size(); ++i) {
        if (std::find(weights.begin(), weights.end(), group.names[i]) == weights.end()) continue;
        pressed_.emplace_back(group.parameters[i], &group);
      }
    });
  }

  int64_t removals_ = 0;  // times that channels were looked at
  std::vector<std::string> names_;  // convolutions that lost channels, and how many each has left
  std::vector<int64_t> widths_;
  std::vector<std::pair<at::Tensor, const UpdateGroup*>> pressed_;  // found anew for every plan
};

}  // namespace

std::unique_ptr<Method> make_channel_pruning(const ChannelPruningParams& params) {
  return std::make_unique<ChannelPruning>(params);
}

}  // namespace hasten
