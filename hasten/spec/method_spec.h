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

struct PassCost;

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

// The words for a set of effects: "gradients", "parameters", ...
std::vector<std::string> effect_names(Effects effects);

// What the method needs of the run it joins; checked at plan time.
using Needs = uint32_t;
enum Need : Needs {
  kNothing = 0,
  kImages = 1 << 0,        // samples are {channels, height, width}
  kClassLabels = 1 << 1,   // one class a sample, so no text
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

// A parameter's value in the smallest setting that acts; text is read like a recipe's. A name with a dot is a value of
// the recipe that the method needs: "optimizer.weight_decay".
struct Setting {
  std::string parameter;
  std::string toml;  // "0.5", "\"2step\"", "[1, 2]"
};

// FLOPs of a recipe, by its plan and then by what its methods do in the run; every method turns what the ones before it
// left into what it leaves. Random draws enter by their means.
struct CostEstimate {
  double forward = 0, backward = 0;  // of one training sample of the planned budget, averaged over the run
  double before = 0;  // of the whole run before its first step: preludes
  bool by_chance = false;  // draws or losses decide; these are means
  // Passes of a step through the planned model, averaged over the run: what starting operators takes goes by these,
  // however few samples they see.
  double forward_passes = 1, backward_passes = 1;
  double updated = 1;  // of the planned model's trained elements: those that a step updates, averaged over the run

  // Steps take `mean`, averaged over the run, where the ones counted so far took `before`.
  void scale(const PassCost& mean, const PassCost& before);
};

struct MethodSpec {
  std::string name;  // = file, registry key, docs page, word on the command line
  std::string summary;
  std::string maths;  // at most two lines: what is computed, in plain text
  Component component{};
  std::vector<Verb> verbs;
  Factor saves = Factor::kNone, raises = Factor::kNone;
  std::string cite;
  std::vector<Use> uses;
  Effects effects = kNoEffect;
  Needs needs = kNothing;
  std::vector<std::string> after, before, conflicts;  // other methods, where two really must know each other
  std::vector<std::string> families;  // empty: all
  std::vector<Bottleneck> relieves, worsens;
  Neutral neutral;
  std::vector<Setting> conformance;
  Duration min_horizon{0, Unit::kStep};  // the shortest run in which it can act
  std::string strength;  // of an augmentation: the setting that grows with its effect
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
