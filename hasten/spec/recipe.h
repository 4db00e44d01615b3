// A recipe: everything that defines a training program, as typed values.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/loader/loader.h"
#include "hasten/spec/dataset.h"
#include "hasten/spec/family.h"
#include "hasten/spec/method_spec.h"
#include "hasten/spec/metric.h"
#include "hasten/spec/optimizer_spec.h"
#include "hasten/spec/start_settings.h"
#include "hasten/spec/tuning_settings.h"

namespace hasten {

enum class FlipKind { kNone, kRandom, kAlternating };
constexpr std::array<std::string_view, 3> choices(FlipKind) { return {"none", "random", "alternating"}; }
enum class CropKind { kNone, kRandomResized };
constexpr std::array<std::string_view, 2> choices(CropKind) { return {"none", "random_resized"}; }
constexpr std::array<std::string_view, 3> choices(CorruptPolicy) { return {"stop", "skip", "substitute"}; }
constexpr std::array<std::string_view, 4> choices(ReadMode) { return {"auto", "map", "read", "ring"}; }
enum class AugmentBy { kBatch, kSample };
constexpr std::array<std::string_view, 2> choices(AugmentBy) { return {"batch", "sample"}; }
enum class Residence { kAuto, kMemory, kStream };
constexpr std::array<std::string_view, 3> choices(Residence) { return {"auto", "memory", "stream"}; }
enum class Compute { kFp32, kBf16 };
constexpr std::array<std::string_view, 2> choices(Compute) { return {"fp32", "bf16"}; }

// [data], next to the keys of the data set itself.
struct DataSettings {
  int64_t validation = 0;
  FlipKind flip = FlipKind::kNone;
  int64_t translate = 0;
  CropKind crop = CropKind::kNone;
  double crop_area = 0.35;
  int64_t shuffle_block = 0, blocks_mixed = 16;
  CorruptPolicy corrupt = CorruptPolicy::kStop;
  static constexpr auto schema() {
    using P = DataSettings;
    return std::tuple{
        field("validation", &P::validation, at_least(0), "training samples held out for validation"),
        field("flip", &P::flip,
              "mirror images left to right: random, with chance 1/2, or alternating, every other epoch"),
        field("translate", &P::translate, at_least(0),
              "shift images by up to this many pixels, reflecting at the border", "pixels"),
        field("crop", &P::crop, "random_resized: a random part of each image, resized"),
        field("crop_area", &P::crop_area, {0.01, 1}, "least share of the image that such a part has"),
        field("shuffle_block", &P::shuffle_block, at_least(0),
              "samples that stay neighbours, for disks that read them cheaper together; 0: none"),
        field("blocks_mixed", &P::blocks_mixed, at_least(1), "such blocks whose samples are mixed with each other"),
        field("corrupt", &P::corrupt, "what to do with a sample that cannot be read or decoded")};
  }
};

// [loader]: how samples get into memory. Changes how fast, not what.
struct LoaderSettings {
  Residence residence = Residence::kAuto;
  int64_t workers = 0;
  int64_t memory = 256;
  ReadMode read = ReadMode::kAuto;
  bool verify = true;
  AugmentBy augment = AugmentBy::kBatch;
  static constexpr auto schema() {
    using P = LoaderSettings;
    return std::tuple{
        field("residence", &P::residence,
              "memory: decoded once, before training; stream: read and decoded ahead; auto: memory where it fits"),
        field("workers", &P::workers, {0, 1024}, "threads that decode; 0: one a core"),
        field("memory", &P::memory, at_least(1), "of samples that were decoded ahead", "MiB"),
        field("read", &P::read, "how files are read; auto: by what of them is in memory"),
        field("verify", &P::verify, "checksums, where the files have them"),
        field("augment", &P::augment,
              "flips and shifts: sample, by the threads that decode; batch, on the batch; the images are the same")};
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
  StartSettings start;
  OptimizerChoice optimizer;
  std::optional<OptimizerChoice> auxiliary;
  std::vector<GroupSettings> groups;
  std::map<std::string, Schedule> schedules;  // by plan value: "lr", "optimizer.momentum", "method.mixup.alpha"
  Duration budget;
  DataSettings data;
  LoaderSettings loader;
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
// What load_recipe reads, as edited and before it is checked: the keys that somebody wrote, without defaults.
Json load_recipe_document(const std::filesystem::path& path, const RecipeEdits& edits = {});
// Reads a resolved recipe as written in a run.
Recipe recipe_from_json(const Json& json, const Catalogue& catalogue);

}  // namespace hasten
