// A run that was trained before: its model, out of its directory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hasten/core/registry.h"
#include "hasten/data/dataset.h"
#include "hasten/evaluate/record.h"
#include "hasten/train/checkpoint.h"
#include "hasten/train/evaluator.h"

namespace hasten {

// Which weights of a run.
struct WeightChoice {
  std::string label;  // "raw", or as records name provided ones ("ema"); empty: those that evaluations used
  std::string where;  // for errors: "--weights"
};

class TrainedRun {
 public:
  enum class Ended { kRequired, kNotRequired };
  // Reads record and newest checkpoint that is whole. Throws ConfigError naming `where` if there is no run, or no
  // finished one where that is required, DataError if it is broken.
  TrainedRun(const std::filesystem::path& directory, const Registry& registry, const std::string& where,
             Ended ended = Ended::kRequired, const WeightChoice& weights = {}, at::Device device = at::kCPU);
  ~TrainedRun();

  const evaluate::RunRecord& record() const;
  const CheckpointInfo& checkpoint() const;
  const std::vector<std::string>& skipped() const;  // newer checkpoints that are broken, and how
  const Recipe& recipe() const;
  const Plan& plan() const;
  Engine& engine();
  const std::string& weights() const;  // the label of those that are chosen
  // Whether their running statistics have to be measured on training data first.
  bool needs_data() const;
  // As at the checkpoint, with the chosen weights and the model in evaluation mode; `data`: the training data.
  State& state(const Dataset& data);
  State& state();  // without data, where none is needed
  Evaluator& evaluator();  // for what state() gave

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hasten
