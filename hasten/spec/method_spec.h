// What is known of a method without running it: its place in the taxonomy, where it acts, what it changes, its limits.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hasten/spec/event.h"
#include "hasten/spec/params.h"
#include "hasten/spec/taxonomy.h"

namespace hasten {

// What a method may change. The conformance suite holds observed effects against these.
using Effects = uint32_t;
enum Effect : Effects {
  kNoEffect = 0,
  kPlanModel = 1 << 0,
  kPlanRun = 1 << 1,
  kInputs = 1 << 2,
  kTargets = 1 << 3,
  kSampleChoice = 1 << 4,    // which samples, in which order, with which weights
  kOutputs = 1 << 5,
  kLoss = 1 << 6,
  kGradients = 1 << 7,
  kParameterValues = 1 << 8,
  kBufferValues = 1 << 9,
  kOptimizerState = 1 << 10,
  kEvaluation = 1 << 11,     // weights or predictions used at evaluation
};

// What the method needs of the run it joins; checked at plan time.
using Needs = uint32_t;
enum Need : Needs {
  kNothing = 0,
  kImages = 1 << 0,        // samples are {channels, height, width}
  kClassLabels = 1 << 1,   // a class per sample, so that targets can be made soft
};

// How a method takes part in a run; see Method.
using Capabilities = uint32_t;
enum Capability : Capabilities { kPlans = 1, kHooks = 2, kSeams = 4, kReplans = 8 };

// A site and the place in its order.
struct Use {
  Site site;
  Phase phase = Phase::kObserve;
};

// A setting at which the method equals the baseline, exactly or to `tolerance`; or none, with the reason.
struct Neutral {
  std::string parameter;       // empty: there is no such setting
  double value = 0;
  double tolerance = 0;
  std::string why_none;
};
inline Neutral exact(std::string parameter, double value) { return {std::move(parameter), value, 0, ""}; }
inline Neutral no_neutral(std::string why) { return {"", 0, 0, std::move(why)}; }

// A parameter's value in the smallest setting that acts; text is read like a recipe's.
struct Setting {
  std::string parameter;
  std::string toml;  // "0.5", "\"2step\"", "[1, 2]"
};

// Cost of a step relative to the plan's own FLOPs: forward and backward passes of the whole batch.
struct StepCost {
  double forward = 1, backward = 1;
};

struct MethodSpec {
  std::string name;                      // = file, registry key, docs page, word on the command line
  std::string summary;
  Component component{};
  std::vector<Verb> verbs;
  Factor saves = Factor::kNone, raises = Factor::kNone;
  std::string cite;
  std::vector<Use> uses;
  Effects effects = kNoEffect;
  Needs needs = kNothing;
  std::vector<std::string> after, before, conflicts;  // other methods, where two really must know each other
  std::vector<std::string> families;                  // empty: all
  std::vector<Bottleneck> relieves, worsens;
  Neutral neutral;
  std::vector<Setting> conformance;
  Duration min_horizon{0, Unit::kStep};               // the shortest run in which it can act
  StepCost (*cost)(const ParamSet&) = nullptr;        // beyond what the plan shows; nullptr: nothing
  const ParamTable* params = nullptr;

  Capabilities capabilities() const;
};

// A method in a recipe: which one, and its settings.
struct MethodChoice {
  const MethodSpec* spec = nullptr;
  ParamSet params;
};

// All methods that are known, in a fixed order; made from explicit lists.
class Catalogue {
 public:
  explicit Catalogue(std::vector<MethodSpec> specs);
  const std::vector<MethodSpec>& all() const { return specs_; }
  const MethodSpec* find(std::string_view name) const;
  const MethodSpec& get(std::string_view name, const std::string& where) const;  // throws ConfigError with a suggestion

 private:
  std::vector<MethodSpec> specs_;
};

}  // namespace hasten
