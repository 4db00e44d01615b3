// The training loop.
#include "hasten/train/trainer.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/data/sampler.h"
#include "hasten/data/transform.h"
#include "hasten/meter/memory.h"
#include "hasten/nn/planned_model.h"
#include "hasten/train/checkpoint.h"
#include "hasten/train/cost_ledger.h"
#include "hasten/train/flop_ledger.h"
#include "hasten/train/loss_window.h"
#include "hasten/train/run_record.h"
#include "hasten/train/run_writer.h"
#include "hasten/train/training_step.h"

namespace hasten {
namespace {

using Account = CostLedger::Account;

std::unique_ptr<EnergyMeter> open_energy() {
  std::string why;
  return EnergyMeter::open(-1, why);
}

}  // namespace

struct Trainer::Impl {
  Impl(const Recipe& recipe, const Registry& registry, TrainOptions given)
      : options(std::move(given)),
        ledger(options.start_ns >= 0 ? options.start_ns : now_ns(), open_energy()),
        planned(plan_run(recipe, registry, options.allow_inert)),
        budget(plan().run),
        splits(load_splits(recipe)),
        model(plan().model, mix(options.seed, operation("model"))),
        optimizers(plan(), [this](std::string_view name) { return model.parameter(name); }),
        sampler(splits.train.size(), options.seed),
        transforms(plan().run, engine()),
        step(plan(), engine(), model, optimizers),
        evaluator(plan(), engine(), model),
        evaluations(plan().run.evaluation.every, budget),
        checkpoints(plan().run.checkpoint.every, budget),
        state{plan(), budget, options.seed, {}, model, &optimizers, &splits.train, nullptr, nullptr, {}, {}},
        writer(options.out, recipe.hash(), options.resume),
        record(describe_run(recipe, plan(), splits, budget, options)) {
    recipe_hash = recipe.hash();
    require_counter("budget.train", plan().run.budget);
    require_counter("evaluation.every", plan().run.evaluation.every);
    require_counter("checkpoint.every", plan().run.checkpoint.every);
    for (const auto& [path, schedule] : plan().run.schedules) {
      if (path == "lr") continue;
      double* number = path.rfind("method.", 0) == 0 ? engine().scheduled(path) : optimizers.scheduled(path);
      HASTEN_CHECK(number != nullptr, "nothing is scheduled by " + path);
      scheduled.emplace_back(number, &schedule);
    }
  }

  // A length in joules would never pass without a counter.
  void require_counter(const char* where, const Duration& length) const {
    if (length.unit != Unit::kJoule || ledger.has_energy()) return;
    throw ConfigError(where, "a machine with an energy counter for a length in joules", "'" + to_string(length) + "'",
                      "'hasten doctor' says what is missing; or plan in ep, step, s or flop");
  }

  const Plan& plan() const { return planned.plan; }
  Engine& engine() { return planned.engine; }

  void enumerate(StateVisitor& visitor);
  void begin();
  void train_step();
  void close_window();
  void evaluate_now();
  void save();
  void end(evaluate::Status status);
  void update_costs();
  ProgressReport report() const;
  evaluate::EventRecord event() const;

  TrainOptions options;
  CostLedger ledger;
  PlannedRun planned;
  Budget budget;
  Splits splits;
  PlannedModel model;
  OptimizerSet optimizers;
  Sampler sampler;
  TransformChain transforms;
  TrainingStep step;
  Evaluator evaluator;
  Recurrence evaluations, checkpoints;
  State state;
  RunWriter writer;
  evaluate::RunRecord record;
  std::string recipe_hash;
  std::vector<std::pair<double*, const Schedule*>> scheduled;
  FlopLedger flops;
  LossWindow window;
  int64_t loader_ns = 0;
  int64_t window_begin = 0;      // step at which the window began
  int64_t evaluated_step = -1;   // step of the last evaluation
  int64_t saved_step = -1;
  double last_loss = 0;
  double last_quality = 0;
  std::optional<int64_t> first_bad_step;
};

void Trainer::Impl::enumerate(StateVisitor& visitor) {
  auto in = [&](std::string_view name, auto&& body) {
    StateVisitor::Scope scope(visitor, name);
    body();
  };
  in("model", [&] { model.state(visitor); });
  in("optimizer", [&] { optimizers.state(visitor); });
  in("sampler", [&] { sampler.state(visitor); });
  in("method", [&] { engine().state(visitor); });
  in("window", [&] { window.state(visitor); });
  in("cost", [&] { ledger.state(visitor); });
  in("trainer", [&] {
    Progress& p = state.progress;
    visitor.integer("step", p.step);
    visitor.integer("epoch", p.epoch);
    visitor.integer("step_in_epoch", p.step_in_epoch);
    visitor.integer("samples", p.samples);
    visitor.number("flops", p.flops);
    visitor.number("fraction", p.fraction);
    visitor.integer("loader_ns", loader_ns);
    visitor.integer("window_begin", window_begin);
    visitor.integer("evaluated_step", evaluated_step);
    visitor.number("last_loss", last_loss);
    visitor.number("last_quality", last_quality);
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    std::lock_guard<std::mutex> lock(generator.mutex());
    at::Tensor random = generator.get_state();
    visitor.tensor("generator", random);
    if (visitor.loading()) generator.set_state(random);
  });
}

void Trainer::Impl::update_costs() {
  ledger.refresh();
  state.progress.train_ns = ledger.ns(Account::kTraining);
  state.progress.joules = ledger.joules(Account::kTraining);
  state.progress.fraction = budget.fraction(state.progress);
}

ProgressReport Trainer::Impl::report() const {
  const Progress& p = state.progress;
  ProgressReport out;
  out.progress = p;
  if (budget.total_steps() >= 0) out.total_steps = budget.total_steps();
  out.loss = last_loss;
  double spent = seconds(p.train_ns);
  if (spent > 0) out.samples_per_second = static_cast<double>(p.samples) / spent;
  if (p.fraction > 0) out.seconds_left = spent / p.fraction - spent;
  if (evaluated_step >= 0) out.quality = last_quality;
  out.metric = plan().run.metric.name();
  return out;
}

evaluate::EventRecord Trainer::Impl::event() const {
  const Progress& p = state.progress;
  evaluate::EventRecord out;
  out.step = p.step;
  out.epoch = budget.consumed(p, Unit::kEpoch);
  out.samples = static_cast<double>(p.samples);
  out.t_train = seconds(p.train_ns);
  out.t_eval = seconds(ledger.ns(Account::kEvaluation));
  out.t_total = seconds(ledger.total_ns());
  out.loader_wait = seconds(loader_ns);
  out.flops = p.flops;
  if (p.joules >= 0) out.joules = p.joules;
  out.lr = optimizers.lr();
  return out;
}

void Trainer::Impl::begin() {
  std::unique_ptr<CheckpointReader> resumed =
      options.resume ? writer.newest_checkpoint(recipe_hash, options.seed) : nullptr;
  if (resumed != nullptr) {
    resumed->restore([this](StateVisitor& visitor) { enumerate(visitor); });
    saved_step = state.progress.step;
    writer.resume(resumed->info().events_offset, state.progress.step);
  } else {
    writer.create();
    // Dropout draws from the process's own generator; here and not earlier, since another run may have used it.
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(mix(options.seed, operation("default generator")));
  }
  writer.write(record);
  record.executed.startup_s = seconds(ledger.ns(Account::kSetup));
  ledger.charge(Account::kTraining);
  if (resumed == nullptr) engine().fire(Event::kInitialize, state);
  engine().fire(Event::kFitStart, state);
  update_costs();
  if (options.listener != nullptr) options.listener->started(report());
}

void Trainer::Impl::train_step() {
  Progress& progress = state.progress;
  const BatchSettings& settings = plan().run.batch;
  if (sampler.epoch_finished(settings.size) || progress.step == 0) engine().fire(Event::kEpochStart, state);
  engine().fire(Event::kBatchRequest, state);
  optimizers.schedule(progress.fraction);
  for (auto& [number, schedule] : scheduled) *number = schedule->at(progress.fraction);

  int64_t start = now_ns();
  Batch batch = splits.train.gather(sampler.next(settings.size));
  batch.epoch = sampler.epoch();
  batch.step = progress.step;
  state.batch = &batch;
  progress.epoch = sampler.epoch();
  transforms.apply(batch, state);
  loader_ns += now_ns() - start;
  engine().fire(Event::kBatchReady, state);

  StepShape shape{batch.size(), settings.microbatch, batch.inputs.size(-2), batch.inputs.size(-1), 0};
  progress.flops += flops.run(shape, [&] { window.add(step.run(state)); });
  ++progress.step;
  ++progress.step_in_epoch;
  progress.samples += batch.size();
  engine().fire(Event::kStepEnd, state);
  state.batch = nullptr;
  if (sampler.epoch_finished(settings.size)) {
    progress.step_in_epoch = 0;
    engine().fire(Event::kEpochEnd, state);
  }
}

void Trainer::Impl::close_window() {
  if (window.empty()) return;
  LossWindow::Reading reading = window.read_and_clear();
  last_loss = reading.mean;
  if (reading.first_bad) first_bad_step = window_begin + *reading.first_bad;
  window_begin = state.progress.step;
  update_costs();
  evaluate::EventRecord line = event();
  line.metrics.push_back({"loss", "train", reading.mean, "raw"});
  writer.append(line);
  if (options.listener != nullptr) options.listener->progressed(report());
}

void Trainer::Impl::evaluate_now() {
  if (evaluated_step == state.progress.step) return;
  close_window();
  if (first_bad_step) return;
  const Metric& metric = plan().run.metric;
  Evaluation result;
  {
    CostLedger::Span span(ledger, Account::kEvaluation);
    result = evaluator.run(splits.get(metric.split), state);
  }
  evaluated_step = state.progress.step;
  last_quality = result.value(metric.measure);
  evaluate::EventRecord line = event();
  std::string split(name_of(metric.split));
  line.metrics = {{"accuracy", split, result.accuracy, result.weights}, {"loss", split, result.loss, result.weights}};
  writer.append(line);
  record.metric.weights = result.weights;
  if (options.listener != nullptr) options.listener->evaluated(report(), result);
}

void Trainer::Impl::save() {
  if (saved_step == state.progress.step || first_bad_step) return;
  CostLedger::Span span(ledger, Account::kCheckpoint);
  engine().fire(Event::kCheckpointSave, state);
  CheckpointInfo info{recipe_hash, options.seed, state.progress.step, plan().model.generation, writer.offset()};
  writer.save(info, plan().run.checkpoint.keep, [this](StateVisitor& visitor) { enumerate(visitor); });
  saved_step = state.progress.step;
}

void Trainer::Impl::end(evaluate::Status status) {
  update_costs();
  const Progress& p = state.progress;
  evaluate::Totals& out = record.executed;
  out.steps = static_cast<double>(p.step);
  out.epochs = budget.consumed(p, Unit::kEpoch);
  out.samples = static_cast<double>(p.samples);
  out.flops = p.flops;
  if (p.joules >= 0) out.joules = p.joules;
  out.train_s = seconds(p.train_ns);
  out.eval_s = seconds(ledger.ns(Account::kEvaluation));
  out.checkpoint_s = seconds(ledger.ns(Account::kCheckpoint));
  out.total_s = seconds(ledger.total_ns());
  out.loader_wait_s = seconds(loader_ns);
  out.peak_memory_bytes = static_cast<double>(peak_resident_bytes());
  record.status = status;
  record.first_bad_step = first_bad_step;
  record.finished_at = utc_now();
  writer.write(record);
}

Trainer::Trainer(const Recipe& recipe, const Registry& registry, TrainOptions options)
    : impl_(std::make_unique<Impl>(recipe, registry, std::move(options))) {}
Trainer::~Trainer() = default;

const Plan& Trainer::plan() const { return impl_->plan(); }
Model& Trainer::model() { return impl_->model; }
Engine& Trainer::engine() { return impl_->engine(); }
State& Trainer::state() { return impl_->state; }
void Trainer::enumerate_state(StateVisitor& visitor) { impl_->enumerate(visitor); }

TrainResult Trainer::run() {
  Impl& run = *impl_;
  auto stopping = [&] { return run.options.stop != nullptr && run.options.stop->load(std::memory_order_relaxed); };
  run.begin();
  Progress& progress = run.state.progress;
  while (!run.budget.finished(progress) && !run.first_bad_step && !stopping()) {
    Progress before = progress;
    run.train_step();
    progress.train_ns = run.ledger.ns(Account::kTraining);
    progress.fraction = run.budget.fraction(progress);
    bool last = run.budget.finished(progress);
    if (run.window.full()) run.close_window();
    if (!last && run.evaluations.passed(before, progress)) run.evaluate_now();
    if (!last && run.checkpoints.passed(before, progress)) run.save();
  }
  bool interrupted = !run.budget.finished(progress) && !run.first_bad_step;
  if (!interrupted) {
    run.evaluate_now();
    if (!run.first_bad_step) run.engine().fire(Event::kFitEnd, run.state);
  }
  run.save();
  run.end(run.first_bad_step ? evaluate::Status::kDiverged
          : interrupted      ? evaluate::Status::kInterrupted
                             : evaluate::Status::kOk);
  TrainResult result;
  result.record = run.record;
  if (run.evaluated_step == progress.step && !interrupted && !run.first_bad_step) {
    result.quality = run.last_quality;
    const RunPlan& plan = run.plan().run;
    result.reached_target = plan.target && plan.metric.reaches(run.last_quality, *plan.target);
  }
  if (run.options.listener != nullptr) run.options.listener->finished(run.record);
  return result;
}

}  // namespace hasten
