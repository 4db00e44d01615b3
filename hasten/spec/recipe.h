// A recipe: everything that defines a training program, as typed values.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/spec/dataset.h"
#include "hasten/spec/family.h"
#include "hasten/spec/method_spec.h"
#include "hasten/spec/metric.h"
#include "hasten/spec/optimizer_spec.h"

namespace hasten {

enum class FlipKind { kNone, kRandom };
constexpr std::array<std::string_view, 2> choices(FlipKind) { return {"none", "random"}; }
enum class Compute { kFp32, kBf16 };
constexpr std::array<std::string_view, 2> choices(Compute) { return {"fp32", "bf16"}; }

// [data], next to the keys of the data set itself.
struct DataSettings {
  int64_t validation = 0;
  FlipKind flip = FlipKind::kNone;
  int64_t translate = 0;
  static constexpr auto schema() {
    using P = DataSettings;
    return std::tuple{field("validation", &P::validation, at_least(0), "training samples held out for validation"),
                      field("flip", &P::flip, "mirror images left to right with chance 1/2"),
                      field("translate", &P::translate, at_least(0),
                            "shift images by up to this many pixels, reflecting at the border", "pixels")};
  }
};

// [batch]
struct BatchSettings {
  int64_t size = 128;
  int64_t microbatch = 0;
  static constexpr auto schema() {
    using P = BatchSettings;
    return std::tuple{field("size", &P::size, at_least(1), "samples per optimizer step"),
                      field("microbatch", &P::microbatch, at_least(0), "samples per forward pass; 0: the whole batch")};
  }
};

// [precision]
struct PrecisionSettings {
  Compute compute = Compute::kFp32;
  static constexpr auto schema() {
    return std::tuple{
        field("compute", &PrecisionSettings::compute, "number format of convolutions and products; weights stay fp32")};
  }
};

// [evaluation]
struct EvaluationSettings {
  Duration every{1, Unit::kEpoch};
  int64_t batch = 1000;
  static constexpr auto schema() {
    using P = EvaluationSettings;
    return std::tuple{field("every", &P::every, above(0), "distance between evaluations; the end is always evaluated"),
                      field("batch", &P::batch, at_least(1), "samples per forward pass")};
  }
};

// [checkpoint]
struct CheckpointSettings {
  Duration every{1, Unit::kEpoch};
  int64_t keep = 2;
  static constexpr auto schema() {
    using P = CheckpointSettings;
    return std::tuple{field("every", &P::every, above(0), "distance between checkpoints; the end is always saved"),
                      field("keep", &P::keep, at_least(1), "how many of the latest are kept")};
  }
};

// [tuning]: how these settings were found. Comparisons hold it against the recipe when one side was searched for longer.
struct TuningSettings {
  int64_t trials = 0;
  std::string selected_on;
  static constexpr auto schema() {
    using P = TuningSettings;
    return std::tuple{
        field("trials", &P::trials, at_least(0), "settings that were tried to find this recipe; 0: not known"),
        field("selected_on", &P::selected_on, "split that picked the best of them; empty: not known")};
  }
};

struct OptimizerChoice {
  const OptimizerSpec* spec = nullptr;
  ParamSet params;
};

// [[group]]: parameters that differ from the rest. All given conditions must hold; of several groups the last wins.
struct GroupSettings {
  std::string match = "*";
  std::vector<Role> roles;
  std::optional<double> lr_scale, weight_decay;
  std::optional<Schedule> lr_schedule;
};

struct Recipe {
  std::string name;
  const DatasetSpec* dataset = nullptr;
  ParamSet dataset_params;
  Metric metric;
  std::optional<double> target;
  const FamilySpec* family = nullptr;
  ParamSet family_params;
  OptimizerChoice optimizer;
  std::optional<OptimizerChoice> auxiliary;
  std::vector<GroupSettings> groups;
  std::map<std::string, Schedule> schedules;  // by plan value: "lr", "optimizer.momentum", "method.mixup.alpha"
  Duration budget;
  DataSettings data;
  BatchSettings batch;
  PrecisionSettings precision;
  EvaluationSettings evaluation;
  CheckpointSettings checkpoint;
  TuningSettings tuning;
  std::vector<MethodChoice> methods;

  // With every default. Reading it back gives the same recipe.
  Json to_json() const;
  // Identity of the program, whatever its name; 16 hexadecimal digits.
  std::string hash() const;
};

// What the command line adds to a recipe's file.
struct RecipeEdits {
  std::vector<std::string> with;  // "cutmix(alpha=0.5)" or "ema"
  std::vector<std::string> without;  // "ema"
  std::vector<std::string> set;  // "optimizer.lr=0.1", values as in TOML
};

// Reads, edits and checks a recipe. Throws ConfigError with the place in the file, DataError if it cannot be read.
Recipe load_recipe(const std::filesystem::path& path, const Catalogue& catalogue, const RecipeEdits& edits = {});
// The same for a resolved recipe as written in a run.
Recipe recipe_from_json(const Json& json, const Catalogue& catalogue);

}  // namespace hasten
