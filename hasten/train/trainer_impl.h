// The parts of a run and what binds them; private to the trainer's sources.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hasten/base/rng.h"
#include "hasten/core/budget.h"
#include "hasten/data/sampler.h"
#include "hasten/data/transform.h"
#include "hasten/nn/recipe_model.h"
#include "hasten/train/captured_step.h"
#include "hasten/train/checkpoint.h"
#include "hasten/train/cost_ledger.h"
#include "hasten/train/flop_ledger.h"
#include "hasten/train/loss_window.h"
#include "hasten/train/run_writer.h"
#include "hasten/train/trainer.h"
#include "hasten/train/training_step.h"

namespace hasten {

// Of the start values of the model's parameters.
inline uint64_t model_seed(const TrainOptions& options) { return mix(options.seed, operation("model")); }

// The samples that `sampler` draws next, as training sees them before batch-wise transforms.
Batch draw_batch(Sampler& sampler, const Dataset& data, int64_t size, const State& state);

struct Trainer::Impl {
  Impl(const Recipe& recipe, const Registry& registry, TrainOptions given);

  const Plan& plan() const { return planned.plan; }
  Engine& engine() { return planned.engine; }

  OptimizerSet build_optimizers();

  void enumerate(StateVisitor& visitor);
  void bind_schedules();
  void set_schedules(double fraction);
  void begin();
  void start_from_file();
  void restore(const CheckpointReader& reader);
  bool train_preludes();
  void adopt(Plan next);
  void rebuild(const PlanChange& change);      // what a new plan asks for, with all that was learnt
  void change_plan(const PlanChange& change);  // and a line about it in the record
  void choose_threads();
  void begin_profile();
  void train_step();
  void close_window();
  void evaluate_now();
  void save();
  void end(evaluate::Status status);
  TrainResult run();
  void fail(const std::string& why);
  void warn(const std::string& text) const;
  void update_costs();
  StepShape shape_of(const Batch& batch, uint64_t work) const;
  ProgressReport report() const;
  evaluate::EventRecord event() const;

  TrainOptions options;
  CostLedger ledger;
  const Recipe recipe;
  const Registry& registry;
  std::optional<OwnModel> own;  // where the model is not made from the plan
  PlannedRun planned;
  Budget budget;
  Splits splits;
  std::unique_ptr<Model> model;
  OptimizerSet optimizers;
  Sampler sampler;
  TransformChain transforms;
  TrainingStep step;
  CapturedStep captured;
  Evaluator evaluator;
  Recurrence evaluations, checkpoints;
  State state;
  RunWriter writer;
  std::optional<RunProfile> profile;
  evaluate::RunRecord record;
  std::string recipe_hash;
  std::vector<std::pair<double*, const Schedule*>> scheduled;
  double scheduled_at = 0;  // the share of the budget that rates and settings stand at
  std::optional<evaluate::Status> ended_early;  // before the first step: in a prelude, or because of its cost
  FlopLedger batch_flops, step_flops;
  LossWindow window;
  int64_t loader_ns = 0;
  int64_t window_begin = 0;      // step at which the window began
  int64_t evaluated_step = -1;   // step of the last evaluation
  int64_t saved_step = -1;
  double last_loss = 0;
  double last_quality = 0;
  std::optional<int64_t> first_bad_step;
};

}  // namespace hasten
