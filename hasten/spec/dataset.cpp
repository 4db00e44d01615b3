// The data sets that recipes can name.
#include "hasten/spec/dataset.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/survey.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLooked = 64;  // images that are looked at to see whether all are alike

ImageFilesParams named(const ParamSet& set) { return set.as<ImageFilesParams>(); }

// What the files say of themselves.
DatasetInfo image_files_info(const std::string& name, const ParamSet& set) {
  const ImageFilesParams params = named(set);
  const DatasetSpec& spec = find_dataset(name);
  const std::string path = find_dataset_files(spec, params.path);
  const std::vector<std::string> parts = parts_of(path);
  for (const char* needed : {"train", "test"}) {
    if (std::find(parts.begin(), parts.end(), needed) != parts.end()) continue;
    throw ConfigError(
        "data.path", cat("data with a part '", needed, "'"),
        parts == std::vector<std::string>{""} ? path + ", which has no parts" : cat(path, " with ", join(parts, ", ")),
        "put the samples into folders train and test, or data_train... and data_test... files");
  }
  // The test part is not opened before somebody measures on it, so its size stays unknown here.
  const std::unique_ptr<SampleIndex> train = open_samples(path, "train");
  const ImageSurvey seen = survey_images(*train, kLooked);
  DatasetInfo info{name, {}, seen.classes, train->size(), 0};
  const bool alike = seen.least_width == seen.most_width && seen.least_height == seen.most_height;
  if (!alike && (params.height == 0 || params.width == 0)) {
    throw ConfigError("data.height", "the size that images of several sizes are brought to",
                      cat("images from ", seen.least_width, "x", seen.least_height, " to ", seen.most_width, "x",
                          seen.most_height, " in ", path),
                      "data.height = 224 and data.width = 224");
  }
  info.sample = {params.channels > 0 ? (params.channels == 1 ? 1 : 3) : seen.channels,
                 params.height > 0 ? params.height : seen.most_height,
                 params.width > 0 ? params.width : seen.most_width};
  return info;
}

DatasetInfo text_info(const std::string& name, const ParamSet& set) {
  const int64_t context = text_windows(set).context;
  const TextPart train = open_text(find_dataset(name), set, false);
  DatasetInfo info{name, {context}, train.stream->vocabulary_size(), train.whole(context), 0};
  info.text = true;
  return info;
}

}  // namespace

std::string find_dataset_files(const DatasetSpec& spec, const std::string& path) {
  std::vector<fs::path> places;
  if (!path.empty()) {
    places = {path};
  } else {
    const char* root = std::getenv("HASTEN_DATA");
    if (root != nullptr && *root != '\0') places.push_back(fs::path(root) / spec.name);
    places.push_back(fs::path("data") / spec.name);
    places.push_back(fs::path("/usr/share/datasets") / spec.name);
  }
  std::vector<std::string> searched;
  for (const fs::path& place : places) {
    if (std::error_code error; fs::exists(place, error)) return place.string();
    searched.push_back(place.string());
  }
  throw ConfigError("data.path", cat("the files of ", spec.name, " in ", ordinal_list(searched, "or")), "none",
                    spec.source);
}

const std::vector<DatasetSpec>& dataset_specs() {
  static const std::vector<DatasetSpec> specs{
      {"fashion-mnist", "70,000 grey images of clothes, 28x28, 10 classes (Xiao, Rasul, Vollgraf 2017)",
       "apt-get install dataset-fashion-mnist", describe<IdxParams>(),
       [](const ParamSet&) { return DatasetInfo{"fashion-mnist", {1, 28, 28}, 10, 60000, 10000}; }},
      {"mnist", "70,000 grey images of digits, 28x28, 10 classes (LeCun, Cortes, Burges 1998)",
       "put the four IDX files in a folder and name it as data.path", describe<IdxParams>(),
       [](const ParamSet&) { return DatasetInfo{"mnist", {1, 28, 28}, 10, 60000, 10000}; }},
      {"cifar-10", "60,000 colour images, 32x32, 10 classes (Krizhevsky 2009)", "hasten data fetch cifar-10",
       describe<ImageFilesParams>(), [](const ParamSet& set) { return image_files_info("cifar-10", set); }},
      {"cifar-100", "60,000 colour images, 32x32, 100 classes (Krizhevsky 2009)", "hasten data fetch cifar-100",
       describe<ImageFilesParams>(), [](const ParamSet& set) { return image_files_info("cifar-100", set); }},
      {"images", "your own: an image folder, tar, IDX, CIFAR's files, beton, MDS or npy, named by data.path",
       "name a file or folder as data.path", describe<ImageFilesParams>(),
       [](const ParamSet& set) { return image_files_info("images", set); }},
      {"tiny-shakespeare", "1.1 million characters of plays (Karpathy 2015)", "hasten data fetch tiny-shakespeare",
       describe<TextParams>(), [](const ParamSet& set) { return text_info("tiny-shakespeare", set); }},
      {"enwik8", "the first 100 million bytes of a dump of Wikipedia (Hutter 2006)", "hasten data fetch enwik8",
       describe<TextParams>(), [](const ParamSet& set) { return text_info("enwik8", set); }},
      {"text", "your own: text, .bin or .npy files of tokens, or shards, named by data.path",
       "name a file or folder as data.path", describe<TextParams>(),
       [](const ParamSet& set) { return text_info("text", set); }},
      {"synthetic-text", "made-up tokens that follow from those before them; any size, no files", "made on the fly",
       describe<SyntheticTextParams>(), [](const ParamSet& set) { return text_info("synthetic-text", set); }},
      {"synthetic", "random images labelled by a random network; any size, no files", "made on the fly",
       describe<SyntheticParams>(),
       [](const ParamSet& set) {
         const auto& p = set.as<SyntheticParams>();
         return DatasetInfo{"synthetic", {p.channels, p.side, p.side}, p.classes, p.samples, p.test_samples};
       }},
  };
  return specs;
}

const DatasetSpec& find_dataset(std::string_view name) {
  std::vector<std::string> names;
  for (const DatasetSpec& spec : dataset_specs()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  throw ConfigError("workload.dataset", "a known data set", "'" + std::string(name) + "'", suggest(name, names));
}

}  // namespace hasten
