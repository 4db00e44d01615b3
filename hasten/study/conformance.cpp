// Checks of one method by small runs.
#include "hasten/study/conformance.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/state_hashes.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/conformance_run.h"
#include "hasten/study/effect_probe.h"

namespace hasten {
namespace {

using Result = ConformanceCheck::Result;

bool is_recipe_path(const Setting& setting) { return setting.parameter.find('.') != std::string::npos; }

// A run long enough for the method to act in its middle.
std::string budget_of(const MethodSpec& spec) {
  if (spec.min_horizon.unit == Unit::kEpoch && spec.min_horizon.value > 2)
    return to_string(Duration{spec.min_horizon.value, Unit::kEpoch});
  if (spec.min_horizon.unit == Unit::kStep && spec.min_horizon.value > 20)
    return to_string(Duration{spec.min_horizon.value, Unit::kStep});
  return "2ep";
}

}  // namespace

Json conformance_recipe(const MethodSpec& spec, bool with_method) {
  Json model = {{"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"readout", "average"}, {"dropout", 0.1}};
  if (!spec.families.empty() && spec.families.front() != "convnet") model = {{"family", spec.families.front()}};
  if (model["family"] == "resnet") model.update({{"stages", {2, 1}}, {"width", 8}});
  if (model["family"] == "gpt") model.update({{"layers", 2}, {"width", 16}, {"heads", 2}, {"dropout", 0.1}});
  const bool text = model["family"] == "gpt";
  constexpr int64_t kContext = 16;
  const Json images = {{"samples", 320}, {"test_samples", 64}},
             tokens = {{"tokens", 320 * kContext + 1}, {"test_tokens", 64 * kContext + 1}, {"context", kContext}};
  Json document = {
      {"workload",
       {{"dataset", text ? "synthetic-text" : "synthetic"}, {"metric", text ? "test/loss" : "test/accuracy"}}},
      {"model", model},
      {"optimizer", {{"name", "sgd"}, {"lr", 0.05}, {"nesterov", true}}},
      {"schedule", {{"lr", "linear"}}},
      {"data", text ? tokens : images},
      {"batch", {{"size", 32}}},
      {"evaluation", {{"every", "7step"}}},
      {"checkpoint", {{"every", "3step"}}},
      {"budget", {{"train", budget_of(spec)}}}};
  RecipeEdits edits;
  std::string settings;
  for (const Setting& setting : spec.conformance) {
    std::string text = setting.parameter + "=" + setting.toml;
    if (is_recipe_path(setting)) edits.set.push_back(text);
    else settings += (settings.empty() ? "" : ", ") + text;
  }
  if (with_method) edits.with.push_back(spec.name + "(" + settings + ")");
  apply_edits(document, edits);
  return document;
}

namespace {

// One method under check, and the runs that several checks share.
class Checker {
 public:
  Checker(const std::vector<MethodEntry>& methods, const std::string& name, const std::filesystem::path& scratch)
      : runner_(methods, scratch), spec_(runner_.registry().catalogue().get(name, "method")) {}

  std::vector<ConformanceCheck> all() {
    check("spec", [&] { spec(); });
    check("values", [&] { values(); });
    check("horizon", [&] { horizon(); });
    check("finite", [&] { finite(); });
    check("same_bits", [&] { same_bits(); });
    check("resume", [&] { resume(); });
    check("acts", [&] { acts(); });
    check("neutral", [&] { neutral(); });
    check("effects", [&] { effects(); });
    check("microbatch", [&] { microbatch(); });
    check("cost", [&] { cost(); });
    return std::move(checks_);
  }

 private:
  void check(const std::string& name, const std::function<void()>& body) {
    checks_.push_back({name, Result::kPassed, ""});
    try {
      body();
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }
  void fail(const std::string& what) {
    checks_.back().result = Result::kFailed;
    checks_.back().detail += (checks_.back().detail.empty() ? "" : "; ") + what;
  }
  void expect(bool holds, const std::string& what) {
    if (!holds) fail(what);
  }
  void not_applicable(const std::string& why) {
    if (checks_.back().result == Result::kPassed) checks_.back() = {checks_.back().name, Result::kNotApplicable, why};
  }

  Json recipe(bool with_method = true) const { return conformance_recipe(spec_, with_method); }
  Json with_setting(const std::string& name, const Json& value) const {
    Json document = recipe();
    document["method"].back()[name] = value;
    return document;
  }
  // The message with which a recipe is refused; empty if it is not.
  std::string refusal(const Json& document, bool allow_inert = false) {
    try {
      runner_.plan(document, allow_inert);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  const RunOutcome& main_run() {
    if (!main_) main_ = runner_.run(recipe());
    return *main_;
  }
  const RunOutcome& baseline_run() {
    if (!baseline_) baseline_ = runner_.run(recipe(false));
    return *baseline_;
  }

  void spec() {
    expect(!spec_.summary.empty(), "no summary");
    expect(!spec_.maths.empty(), "no maths");
    expect(!spec_.cite.empty(), "no citation");
    expect(!spec_.verbs.empty(), "no verb");
    expect(!spec_.uses.empty(), "acts nowhere");
    expect(spec_.params != nullptr, "no parameter schema");
    expect(!spec_.neutral.parameter.empty() || !spec_.neutral.why_none.empty(),
           "neither a neutral setting nor a reason why there is none");
    expect(spec_.neutral.parameter.empty() || spec_.params->find(spec_.neutral.parameter) != nullptr,
           "the neutral setting is no parameter: " + spec_.neutral.parameter);
    expect(spec_.saves != Factor::kNone || spec_.raises != Factor::kNone || !spec_.relieves.empty(),
           "saves nothing and relieves nothing");
    if (!spec_.strength.empty()) {
      const FieldInfo* strength = spec_.params->find(spec_.strength);
      expect(strength != nullptr && strength->type == "number", "its strength is no numeric parameter");
    }
    for (const Use& use : spec_.uses) {
      if (use.site == Site(Seam::kSampler)) expect((spec_.effects & kSampleChoice) != 0, "a sampler chooses samples");
      if (use.site == Site(Seam::kPrediction) || use.site == Site(Seam::kWeightProvider))
        expect((spec_.effects & kEvaluation) != 0, "it changes what is evaluated and does not declare it");
      if (use.site == Site(Seam::kWeightTransform))
        expect((spec_.effects & kOutputs) != 0, "other weights, other outputs");
    }
    for (const FieldInfo& field : spec_.params->fields()) expect(!field.help.empty(), field.name + " has no help");
  }

  void values() {
    expect(!refusal(with_setting("no_such_setting", 1)).empty(), "an unknown setting is accepted");
    for (const FieldInfo& field : spec_.params->fields()) {
      std::vector<Json> bad{field.type == "text" ? Json(1) : Json{{"wrong", "type"}}};
      if (field.type == "number" || field.type == "integer") {
        if (std::isfinite(field.range.low)) bad.push_back(field.range.low - 1);
        if (std::isfinite(field.range.high)) bad.push_back(field.range.high + 1);
        if (std::isfinite(field.range.low) && field.range.low_open) bad.push_back(field.range.low);
        if (std::isfinite(field.range.high) && field.range.high_open) bad.push_back(field.range.high);
        if (field.type == "integer") {
          for (Json& value : bad) {
            if (value.is_number_float()) value = static_cast<int64_t>(value.get<double>());
          }
        }
      }
      if (!field.choices.empty()) bad.push_back("no such choice");
      for (const Json& value : bad) {
        const std::string message = refusal(with_setting(field.name, value), true);
        expect(message.find(field.name) != std::string::npos,
               field.name + " = " + value.dump() + (message.empty() ? " is accepted" : " is refused without its name"));
      }
    }
  }

  void horizon() {
    const Duration& least = spec_.min_horizon;
    if (least.value <= 0 || (least.unit == Unit::kStep && least.value <= 1))
      return not_applicable("it can act in one step");
    Json document = recipe();
    document["budget"]["train"] =
        least.unit == Unit::kStep ? cat(static_cast<int64_t>(least.value) - 1, "step") : cat(least.value / 2, "ep");
    expect(refusal(document).find(spec_.name) != std::string::npos, "a run below its horizon is accepted");
  }

  void finite() {
    expect(main_run().status == evaluate::Status::kOk, "its run did not end well");
    expect(main_run().finite, "weights or loss are not finite");
  }

  void same_bits() {
    const std::string other = difference(main_run().state, runner_.run(recipe()).state);
    expect(other.empty(), "two runs differ in " + other);
  }

  void resume() {
    for (int64_t evaluations : {1, 2}) {
      RunOutcome resumed = runner_.run_interrupted(recipe(), evaluations);
      const std::string other = difference(main_run().state, resumed.state);
      expect(other.empty(), cat("interrupted at step ", resumed.interrupted_at, " and resumed, it differs in ", other));
      expect(resumed.evaluations.back() == main_run().evaluations.back(), "another quality after resuming");
    }
  }

  void acts() {
    const RunOutcome &with = main_run(), &without = baseline_run();
    // What only plans is seen in its plan; whatever is called in the run has to show there.
    const bool only_plans = spec_.capabilities() == kPlans;
    const bool same = (!only_plans || with.plan == without.plan) && with.batches == without.batches &&
                      difference(with.weights, without.weights).empty() && with.qualities == without.qualities &&
                      with.flops == without.flops;
    expect(!same, "plan, batches, weights, evaluations and FLOPs are those of the recipe without it");
  }

  void neutral() {
    if (spec_.neutral.parameter.empty()) return not_applicable(spec_.neutral.why_none);
    const FieldInfo* field = spec_.params->find(spec_.neutral.parameter);
    Json value = spec_.neutral.value;
    if (field->type == "integer") value = static_cast<int64_t>(spec_.neutral.value);
    const Json document = with_setting(spec_.neutral.parameter, value);
    expect(!refusal(document).empty(), "its neutral setting is accepted outside of tests");
    RunOutcome with = runner_.run(document, true);
    if (spec_.neutral.tolerance == 0) {
      const std::string other = difference(with.weights, baseline_run().weights);
      expect(other.empty(), "at its neutral setting it differs from the baseline in " + other);
      expect(with.evaluations == baseline_run().evaluations, "at its neutral setting the qualities differ");
    } else {
      const double distance = largest_difference(with.tensors, baseline_run().tensors);
      expect(distance <= spec_.neutral.tolerance,
             cat("at its neutral setting weights differ by ", distance, ", declared ", spec_.neutral.tolerance));
    }
  }

  void effects() {
    RunOutcome outcome = runner_.run_probed(recipe(), spec_.name);
    Effects undeclared = outcome.effects & ~spec_.effects;
    expect(undeclared == 0,
           "it changes " + effects_text(undeclared) + " and does not declare it (at " + outcome.effect_site + ")");
    const Plan with = runner_.plan(recipe()), without = runner_.plan(recipe(false));
    expect(with.model.to_json() == without.model.to_json() || (spec_.effects & kPlanModel) != 0,
           "it changes the plan of the model and does not declare it");
    expect(with.to_json()["run"] == without.to_json()["run"] || (spec_.effects & kPlanRun) != 0,
           "it changes the plan of the run and does not declare it");
    // Parts inside the model leave no trace but the first loss.
    constexpr Effects kBeforeLoss =
        kPlanModel | kPlanRun | kInputs | kTargets | kSampleChoice | kOutputs | kLoss | kParameterValues;
    expect(main_run().first_loss == baseline_run().first_loss || (spec_.effects & kBeforeLoss) != 0,
           "the first loss is another one, and no effect before it is declared");
  }

  void microbatch() {
    // Batch statistics, dropout and rounding set apart: what remains is the method's.
    Json document = recipe();
    document["model"].erase("dropout");
    Json plain = document;
    if (document["model"]["family"] == "convnet") plain["model"]["norm"] = false;
    const bool without_norm = document["model"]["family"] == "convnet" && refusal(plain).empty();
    if (without_norm) document = plain;
    RunOutcome whole = runner_.run(document);
    document["batch"]["microbatch"] = 8;
    RunOutcome parts = runner_.run(document);
    const size_t compared = without_norm && !spec_.min_horizon.value ? std::min<size_t>(4, whole.batches.size()) : 1;
    expect(whole.batches.front() == parts.batches.front(), "the first batch depends on the microbatch size");
    if (!without_norm)
      return not_applicable("the first batch is the same; it needs batch statistics, which are per part");
    const bool bf16 = runner_.plan(document).run.precision.compute == Compute::kBf16;
    const double tolerance = bf16 ? 3e-2 : 2e-3;
    // Rounding grows with the steps, so only the first gradients are held against each other.
    for (size_t step = 0; step < compared; ++step) {
      const double distance = largest_difference(whole.gradients.at(step), parts.gradients.at(step));
      expect(distance < tolerance, cat("gradients of step ", step, " differ by ", distance, " of their norm"));
    }
  }

  void cost() {
    const RunOutcome& run = main_run();
    if (run.estimate_by_chance) return not_applicable("draws or losses decide what a step costs");
    const double apart = std::abs(run.flops / run.estimated_flops - 1);
    expect(apart < 0.02, cat("counted ", si(run.flops), " FLOPs, estimated ", si(run.estimated_flops)));
  }

  ConformanceRunner runner_;
  const MethodSpec& spec_;
  std::vector<ConformanceCheck> checks_;
  std::optional<RunOutcome> main_, baseline_;
};

}  // namespace

std::vector<ConformanceCheck> check_conformance(const std::vector<MethodEntry>& methods, const std::string& name,
                                                const std::filesystem::path& scratch) {
  return Checker(methods, name, scratch).all();
}

}  // namespace hasten
