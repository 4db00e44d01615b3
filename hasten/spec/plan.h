// The plan of a run: model and program as plain data. Methods edit it; then it is built. It prints, diffs and tests
// without LibTorch.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/spec/recipe.h"

namespace hasten {

// A change of every training batch that is part of the recipe itself (methods bring theirs through the seam).
struct TransformPlan {
  std::string name;  // registered in the data layer
  Phase phase = Phase::kGeometry;
  ParamSet params;
};

struct FlipSettings {
  FlipKind kind = FlipKind::kRandom;
  static constexpr auto schema() { return std::tuple{field("kind", &FlipSettings::kind, "how images are mirrored")}; }
};
struct TranslateSettings {
  int64_t pixels = 2;
  static constexpr auto schema() {
    return std::tuple{field("pixels", &TranslateSettings::pixels, at_least(1), "largest shift", "pixels")};
  }
};

// Parameters that one optimizer updates with one learning rate and decay.
struct ParameterGroup {
  size_t optimizer = 0;  // index into RunPlan::optimizers
  double lr = 0, weight_decay = 0;
  Schedule lr_schedule;
  std::vector<std::string> parameters;
};

// A numeric setting that says how strong an augmentation is: "method.cutout.length", "data.translate".
struct Strength {
  std::string path;
  double full = 0;  // as the recipe sets it
};

struct RunPlan {
  Recipe recipe;            // what was planned; for methods whose preludes are runs of an edited recipe
  DatasetInfo data;
  int64_t train_count = 0;  // training samples that are left when the validation part is taken out
  int64_t epoch_samples = 0;  // how many of them an epoch visits
  bool steps_vary = false;    // the sampler decides as it goes how many steps an epoch has
  std::vector<Strength> strengths;
  DataSettings data_settings;
  std::vector<TransformPlan> transforms;
  BatchSettings batch;
  std::vector<OptimizerChoice> optimizers;  // the main one, then the auxiliary one if there is one
  std::vector<GroupSettings> groups;
  std::map<std::string, Schedule> schedules;
  PrecisionSettings precision;
  Metric metric;
  std::optional<double> target;
  EvaluationSettings evaluation;
  CheckpointSettings checkpoint;
  Duration budget;

  int64_t steps_per_epoch() const { return epoch_samples / batch.size; }  // the incomplete last batch is left out
  RunLength length() const;
};

struct Plan {
  ModelPlan model;
  RunPlan run;

  Json to_json() const;
};

// The recipe without its methods. Throws ConfigError.
Plan baseline_plan(const Recipe& recipe);

// Checks what methods may have broken and places every schedule on the budget. Throws ConfigError.
void finish_plan(Plan& plan);

// Which optimizer takes which parameters, at what rate. Throws ConfigError when a parameter is left without one or a
// group matches nothing.
std::vector<ParameterGroup> parameter_groups(const Plan& plan);

// Training FLOPs of one sample: forward and backward.
double training_flops_per_sample(const Plan& plan);

// "a.b: 1 -> 2", one line a difference.
std::vector<std::string> json_difference(const Json& before, const Json& after);

}  // namespace hasten
