// The small runs that conformance checks compare.
#include "hasten/study/conformance_run.h"

#include <ATen/ops/isfinite.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/state_hashes.h"
#include "hasten/data/batch.h"
#include "hasten/nn/model.h"
#include "hasten/study/effect_probe.h"
#include "hasten/train/plan_recipe.h"

namespace hasten {
namespace {

constexpr const char* kObserver = "conformance_observer";
constexpr size_t kGradientSteps = 4;

// Where the observer of the run in progress puts what it sees; runs of this file follow each other.
RunOutcome*& observed() {
  static thread_local RunOutcome* outcome = nullptr;
  return outcome;
}

struct ObserverParams {
  static constexpr auto schema() { return std::tuple{}; }
};

// Sees every batch and the first gradients; changes nothing.
class Observer final : public MethodOf<ObserverParams> {
 public:
  using MethodOf::MethodOf;

  void on(Event event, State& state) override {
    RunOutcome& out = *observed();
    if (event == Event::kStepBegin) {
      const Batch& batch = *state.batch;
      std::string text = tensor_hash(batch.inputs) + tensor_hash(batch.labels) + tensor_hash(batch.targets) +
                         tensor_hash(batch.weights);
      for (int64_t id : batch.ids) text += " " + std::to_string(id);
      out.batches.push_back(text);
      return;
    }
    if (event == Event::kAfterLoss) {
      if (out.batches.size() == 1 && out.first_loss == 0) out.first_loss = state.loss_terms.mean().item<double>();
      return;
    }
    if (out.gradients.size() >= kGradientSteps) return;
    auto& list = out.gradients.emplace_back();
    for (const NamedTensor& entry : state.model.parameters()) {
      if (entry.value.grad().defined()) list.push_back({entry.name, entry.value.grad().detach().clone()});
    }
  }
  void state(StateVisitor&) override {}  // what it sees is not part of the run
};

std::unique_ptr<Method> make_observer(const ObserverParams& params) { return std::make_unique<Observer>(params); }

MethodEntry observer_entry() {
  MethodSpec spec;
  spec.name = kObserver;
  spec.summary = "looks at batches and gradients";
  spec.uses = {{Event::kStepBegin, Phase::kObserve},
               {Event::kAfterLoss, Phase::kObserve},
               {Event::kGradientsReady, Phase::kStructure}};  // before anything changes them
  spec.neutral = no_neutral("it changes nothing");
  spec.params = describe<ObserverParams>();
  return {std::move(spec), make_observer};
}

std::vector<MethodEntry> with_observer(std::vector<MethodEntry> methods) {
  methods.push_back(observer_entry());
  return methods;
}

class Evaluations final : public TrainListener {
 public:
  Evaluations(RunOutcome& outcome, int64_t stop_after) : outcome_(outcome), left_(stop_after) {}
  void evaluated(const ProgressReport&, const Evaluation& result) override {
    outcome_.evaluations.push_back(
        cat(Json(result.accuracy).dump(), " ", Json(result.loss).dump(), " ", result.weights));
    outcome_.qualities.push_back(result.loss);
    if (--left_ == 0) stop = true;
  }
  std::atomic<bool> stop{false};

 private:
  RunOutcome& outcome_;
  int64_t left_;
};

bool all_finite(const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& entry : tensors) {
    if (!at::isfinite(entry.value).all().item<bool>()) return false;
  }
  return true;
}

void collect(Trainer& trainer, const TrainResult& result, RunOutcome& out) {
  out.status = result.record.status;
  StateHashes hashes;
  trainer.enumerate_state(hashes);
  out.state = hashes.values();
  for (const auto& [name, hash] : out.state) {
    if (name.rfind("model/", 0) == 0 || name.rfind("optimizer/", 0) == 0) out.weights[name] = hash;
  }
  for (const NamedTensor& entry : trainer.model().tensors())
    out.tensors.push_back({entry.name, entry.value.detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true)});
  out.finite = all_finite(out.tensors) && std::isfinite(out.first_loss);
  out.flops = result.record.executed.flops.value_or(0);
}

}  // namespace

ConformanceRunner::ConformanceRunner(std::vector<MethodEntry> methods, std::filesystem::path scratch, at::Device device)
    : registry_(with_observer(std::move(methods))), scratch_(std::move(scratch)), device_(device) {}

// Of a run in a fresh directory.
TrainOptions ConformanceRunner::options() {
  TrainOptions options;
  options.out = scratch_ / cat("run-", count_++);
  options.seed = 5;
  options.device = device_;
  return options;
}

Recipe ConformanceRunner::read(const Json& recipe) const {
  Json document = recipe;
  document["method"].push_back({{"name", kObserver}});
  return recipe_from_json(document, registry_.catalogue());
}

Plan ConformanceRunner::plan(const Json& recipe, bool allow_inert) const {
  return plan_recipe(read(recipe), registry_, allow_inert).plan;
}

RunOutcome ConformanceRunner::run(const Json& document, bool allow_inert) {
  RunOutcome out;
  observed() = &out;
  Evaluations listener(out, -1);
  TrainOptions options = this->options();
  options.allow_inert = allow_inert;
  options.listener = &listener;
  Trainer trainer(read(document), registry_, options);
  const Plan plan = trainer.plan();
  out.plan = plan.to_json().dump();
  const CostEstimate estimate = trainer.engine().estimate_cost(plan);
  out.estimate_by_chance = estimate.by_chance;
  TrainResult result = trainer.run();
  out.estimated_flops =
      estimate.before + (estimate.forward + estimate.backward) * static_cast<double>(trainer.state().progress.samples);
  collect(trainer, result, out);
  return out;
}

RunOutcome ConformanceRunner::run_interrupted(const Json& document, int64_t evaluations) {
  RunOutcome out;
  observed() = &out;
  Evaluations stopper(out, evaluations);
  TrainOptions options = this->options();
  options.stop = &stopper.stop;
  options.listener = &stopper;
  const Recipe recipe = read(document);
  {
    Trainer first(recipe, registry_, options);
    first.run();
    out.interrupted_at = first.state().progress.step;
  }
  Evaluations rest(out, -1);
  options.resume = true;
  options.stop = nullptr;
  options.listener = &rest;
  Trainer second(recipe, registry_, options);
  TrainResult result = second.run();
  collect(second, result, out);
  return out;
}

RunOutcome ConformanceRunner::run_probed(const Json& document, const std::string& method) {
  RunOutcome out;
  observed() = &out;
  TrainOptions options = this->options();
  Trainer trainer(read(document), registry_, options);
  EffectProbe probe(trainer);
  TrainResult result = trainer.run();
  collect(trainer, result, out);
  out.effects = probe.seen(method);
  const MethodSpec& spec = registry_.catalogue().get(method, "method");
  for (Effects effect = 1; effect != 0; effect <<= 1) {
    if ((out.effects & effect & ~spec.effects) != 0) out.effect_site = probe.where(method, effect);
  }
  return out;
}

std::string difference(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
  std::vector<std::string> names;
  for (const auto& [name, hash] : a) {
    auto other = b.find(name);
    if (other == b.end() || other->second != hash) names.push_back(name);
  }
  for (const auto& [name, hash] : b) {
    if (!a.contains(name)) names.push_back(name);
  }
  if (names.size() > 4) names.resize(4);
  return join(names, ", ");
}

double largest_difference(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].value.sizes() != b[i].value.sizes())
      return std::numeric_limits<double>::infinity();
    largest = std::max(largest, a[i].value.sub(b[i].value).norm().item<double>());
    norm = std::max(norm, a[i].value.norm().item<double>());
  }
  return norm > 0 ? largest / norm : largest;
}

}  // namespace hasten
