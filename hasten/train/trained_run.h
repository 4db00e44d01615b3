// A run that was trained before: its model, out of its directory.
#pragma once

#include <filesystem>
#include <memory>

#include "hasten/core/registry.h"
#include "hasten/data/dataset.h"
#include "hasten/evaluate/record.h"

namespace hasten {

class TrainedRun {
 public:
  // Reads record and newest checkpoint; the weights are those that the run was evaluated with. Throws ConfigError
  // naming `where` if there is no finished run, DataError if it is broken.
  TrainedRun(const std::filesystem::path& directory, const Registry& registry, const std::string& where);
  ~TrainedRun();

  const evaluate::RunRecord& record() const;
  // As at the end of the run, with the model in evaluation mode; `data` becomes its training data.
  State& state(const Dataset& data);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hasten
