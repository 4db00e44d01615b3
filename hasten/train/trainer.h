// Runs a recipe: from plan to record.
#pragma once

#include <c10/core/Device.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/core/registry.h"
#include "hasten/evaluate/record.h"
#include "hasten/nn/own_model.h"
#include "hasten/train/evaluator.h"
#include "hasten/train/run_profile.h"
#include "hasten/train/step_graph.h"

namespace hasten {

// What a listener is told, a few times a second at most.
struct ProgressReport {
  Progress progress;
  std::optional<int64_t> total_steps;
  double loss = 0;                      // mean of the last window
  double samples_per_second = 0;        // of training time
  double loader_wait_s = 0;             // waited for samples so far
  std::optional<double> seconds_left;   // of training time
  std::optional<double> quality;        // of the last evaluation
  std::string metric;
};

// Watches a run; called between steps, on the thread that trains.
class TrainListener {
 public:
  virtual ~TrainListener() = default;
  virtual void warned(const std::string&) {}  // of what is not as asked for, but does not end the run
  virtual void started(const ProgressReport&) {}
  virtual void progressed(const ProgressReport&) {}
  virtual void evaluated(const ProgressReport&, const Evaluation&) {}
  virtual void finished(const evaluate::RunRecord&) {}
};

struct TrainOptions {
  std::filesystem::path out;               // the run directory
  uint64_t seed = 0;
  bool resume = false;                     // go on from the newest checkpoint of `out`
  std::string group;                       // runs of one recipe; empty: the recipe's name
  evaluate::Role role = evaluate::Role::kUnknown;
  std::optional<int64_t> planned_runs;     // how many runs of this group were launched
  const std::atomic<bool>* stop = nullptr; // set from outside: finish the step, save, end as interrupted
  TrainListener* listener = nullptr;
  at::Device device = at::kCPU;            // see find_device in meter/device.h
  MakeStepGraph step_graphs;               // replay steps as graphs where that can be done; see captured_step.h
  bool choose_threads = false;             // let a small net have fewer than at::get_num_threads(), by measurement
  bool allow_inert = false;                // tests only: methods at their neutral setting
  int64_t start_ns = -1;                   // when the clock of t_total began; -1: now
  std::optional<ProfileSteps> profile;     // take a profile of these steps
  evaluate::Price price;                   // of the machine and its energy; a resumed run keeps the one it has
  const OwnModel* model = nullptr;         // for recipes of the family "custom"
};

struct TrainResult {
  evaluate::RunRecord record;
  std::optional<double> quality;           // the metric at the end
  bool reached_target = false;
};

class Trainer {
 public:
  // Plans, loads data, builds. Throws ConfigError or DataError before anything is written.
  Trainer(const Recipe& recipe, const Registry& registry, TrainOptions options);
  ~Trainer();

  // Trains to the end of the budget, or until it diverges or is stopped: outcomes, not exceptions.
  TrainResult run();

  // What is known of the run so far; of its start files before the first step.
  const evaluate::RunRecord& record() const;
  // For tests and methods' authors: the parts of the run.
  const Plan& plan() const;
  Model& model();
  Engine& engine();
  State& state();
  void enumerate_state(StateVisitor& visitor);

 private:
  friend class StepDriver;  // drives the same parts, step by step
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hasten
