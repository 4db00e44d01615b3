// From the data set that a recipe names to samples in memory.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/data/dataset.h"
#include "hasten/data/idx.h"
#include "hasten/data/images.h"
#include "hasten/data/pixel_transform.h"
#include "hasten/data/synthetic.h"
#include "hasten/data/text.h"
#include "hasten/loader/fetch/data_place.h"

namespace hasten {
namespace {

constexpr std::array<const char*, 2> kIdxParts{"train", "t10k"};

std::string images_name(const char* part) { return std::string(part) + "-images-idx3-ubyte"; }
std::string labels_name(const char* part) { return std::string(part) + "-labels-idx1-ubyte"; }

bool has_idx_files(const std::filesystem::path& folder) {
  return std::any_of(kIdxParts.begin(), kIdxParts.end(), [&](const char* part) {
    return !find_idx(folder, images_name(part)).empty() || !find_idx(folder, labels_name(part)).empty();
  });
}

std::vector<std::filesystem::path> idx_folders(const std::string& dataset, const std::string& path) {
  if (!path.empty()) return {path};
  return data_folders(dataset);
}

std::string how_to_get(const DatasetSpec& spec) {
  const bool says_where = spec.source.find("data.path") != std::string::npos;
  return spec.source + (says_where ? "" : ", or put its four IDX files in a folder and name it as data.path");
}

std::filesystem::path idx_file(const std::filesystem::path& folder, const DatasetSpec& spec, const std::string& name) {
  std::filesystem::path path = find_idx(folder, name);
  if (path.empty())
    throw ConfigError("data.path", "the file " + (folder / name).string() + ", plain or with .gz", "none",
                      how_to_get(spec));
  return path;
}

at::Tensor labels_of(const std::filesystem::path& path, int64_t count, int64_t classes) {
  IdxArray array = read_idx(path, {count});
  at::Tensor labels = at::empty({count}, at::kLong);
  int64_t* out = labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = array.bytes[i];
    if (label >= classes) {
      throw DataError(path.string(), cat("record ", i, " (byte ", 8 + i, ")"),
                      cat("expected a label in 0..", classes - 1, ", got ", label),
                      "the file is damaged or belongs to another data set: get it again from its source");
    }
    out[i] = label;
  }
  return labels;
}

Dataset load_idx(const std::filesystem::path& folder, const DatasetSpec& spec, const DatasetInfo& info, Split split) {
  const char* part = kIdxParts[split == Split::kTrain ? 0 : 1];
  const int64_t count = split == Split::kTrain ? info.train_count : info.test_count;
  // Labels first: they are small, and a wrong folder shows at once.
  at::Tensor labels = labels_of(idx_file(folder, spec, labels_name(part)), count, info.classes);
  HASTEN_CHECK(info.sample.size() == 3 && info.sample[0] == 1, "IDX images are grey");
  IdxArray images = read_idx(idx_file(folder, spec, images_name(part)), {count, info.sample[1], info.sample[2]});
  at::Tensor samples = at::from_blob(
      images.bytes.get(), {count, 1, info.sample[1], info.sample[2]},
      [bytes = images.bytes](void*) mutable { bytes.reset(); }, at::kByte);
  return {info.name, split, samples, labels, info.classes};
}

// The training part, and the test part if the recipe is judged by it: what is not needed is not read, so a search on a
// validation part never meets the test samples.
Splits load_parts(const Recipe& recipe, const DatasetInfo& info, const SampleSteps& steps) {
  const bool test = recipe.metric.split == Split::kTest;
  if (recipe.dataset->params == describe<SyntheticParams>()) {
    const auto& params = recipe.dataset_params.as<SyntheticParams>();
    Splits splits{synthetic_data(params, Split::kTrain), {}};
    if (test) splits.held_out.push_back(synthetic_data(params, Split::kTest));
    return splits;
  }
  if (info.text) return load_text(recipe, info);
  if (recipe.dataset->params == describe<ImageFilesParams>()) return load_images(recipe, info, steps);
  const std::string& path = recipe.dataset_params.as<IdxParams>().path;
  const std::string folder = find_idx_folder(info.name, path);
  if (folder.empty()) {
    std::vector<std::string> searched;
    for (const auto& candidate : idx_folders(info.name, path)) searched.push_back(candidate.string());
    throw ConfigError("data.path", "the IDX files of " + info.name + " in " + ordinal_list(searched, "or"), "none",
                      how_to_get(*recipe.dataset));
  }
  Splits splits{load_idx(folder, *recipe.dataset, info, Split::kTrain), {}};
  if (test) splits.held_out.push_back(load_idx(folder, *recipe.dataset, info, Split::kTest));
  return splits;
}

}  // namespace

std::string find_idx_folder(const std::string& dataset, const std::string& path) {
  for (const std::filesystem::path& folder : idx_folders(dataset, path)) {
    if (has_idx_files(folder)) return folder.string();
  }
  return "";
}

bool augments_samples(const Recipe& recipe, const Dataset& train) {
  return train.source().can_augment() && recipe.loader.augment == AugmentBy::kSample;
}

Splits load_splits(const Recipe& recipe) {
  return load_splits(recipe, recipe.dataset->info(recipe.dataset_params), {});
}

Splits load_splits(const Recipe& recipe, const DatasetInfo& info, const SampleSteps& steps) {
  refuse_sample_work(recipe);
  Splits splits = load_parts(recipe, info, steps);
  if (recipe.data.validation > 0) {
    HASTEN_CHECK(recipe.data.validation < splits.train.size(), "a validation part smaller than the training set");
    splits.held_out.insert(splits.held_out.begin(), splits.train.hold_out(recipe.data.validation, Split::kValidation));
  }
  std::vector<double> mean, deviation;
  splits.train.channel_statistics(mean, deviation);
  if (mean.empty()) return splits;
  for (double& value : deviation) value = value > 0 ? value : 1;  // a constant channel stays finite
  splits.train.set_normalisation(mean, deviation);
  for (Dataset& part : splits.held_out) part.set_normalisation(mean, deviation);
  return splits;
}

}  // namespace hasten
