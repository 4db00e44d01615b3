// The data sets that recipes can name.
#include "hasten/spec/dataset.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

const std::vector<DatasetSpec>& dataset_specs() {
  static const std::vector<DatasetSpec> specs{
      {"fashion-mnist", "70,000 grey images of clothes, 28x28, 10 classes (Xiao, Rasul, Vollgraf 2017)",
       "apt-get install dataset-fashion-mnist", describe<IdxParams>(),
       [](const ParamSet&) { return DatasetInfo{"fashion-mnist", {1, 28, 28}, 10, 60000, 10000}; }},
      {"mnist", "70,000 grey images of digits, 28x28, 10 classes (LeCun, Cortes, Burges 1998)",
       "put the four IDX files in a folder and name it as data.path", describe<IdxParams>(),
       [](const ParamSet&) { return DatasetInfo{"mnist", {1, 28, 28}, 10, 60000, 10000}; }},
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
