// The training loop.
#include "hasten/train/trainer.h"

#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/data/pixel_transform.h"
#include "hasten/meter/device.h"
#include "hasten/meter/memory.h"
#include "hasten/meter/profiler.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/train/run_record.h"
#include "hasten/train/trainer_impl.h"

namespace hasten {
namespace {

using Account = CostLedger::Account;

std::unique_ptr<EnergyMeter> open_energy(at::Device device) {
  std::string why;
  return EnergyMeter::open(device.is_cpu() ? -1 : device.index(), why);
}

std::optional<OwnModel> own_model(const Recipe& recipe, const TrainOptions& options) {
  if (options.model != nullptr) return *options.model;
  return own_model_of(recipe, options.resume ? options.out : std::filesystem::path());
}

evaluate::SourceFile module_entry(const Recipe& recipe, const std::string& bytes) {
  evaluate::SourceFile entry;
  entry.use = "module";
  entry.path = recipe.family_params.get("path").get<std::string>();
  entry.hash = hex(hash64(bytes));
  return entry;
}

// The weights of the samples that are in the batch; a stream may have left some out.
std::vector<float> weights_of(const Batch& batch, const Sampler::Draw& draw) {
  if (batch.ids.size() == draw.ids.size()) return draw.weights;
  std::vector<float> weights;
  for (size_t i = 0, kept = 0; i < draw.ids.size() && kept < batch.ids.size(); ++i) {
    if (batch.ids[kept] != draw.ids[i]) continue;
    weights.push_back(draw.weights[i]);
    ++kept;
  }
  HASTEN_CHECK(weights.size() == batch.ids.size(), "samples that were drawn");
  return weights;
}

// A length in joules would never pass without a counter.
void require_counter(const char* where, const Duration& length, const CostLedger& ledger) {
  if (length.unit != Unit::kJoule || ledger.has_energy()) return;
  throw ConfigError(where, "a machine with an energy counter for a length in joules", "'" + to_string(length) + "'",
                    "'hasten doctor' says what is missing; or plan in ep, step, s or flop");
}

}  // namespace

Trainer::Impl::Impl(const Recipe& given_recipe, const Registry& given_registry, TrainOptions given)
    : options(std::move(given)),
      ledger(options.start_ns >= 0 ? options.start_ns : now_ns(), open_energy(options.device)),
      recipe(given_recipe),
      registry(given_registry),
      own(own_model(recipe, options)),
      planned(plan_run(recipe, registry, own ? std::optional(own->plan) : std::nullopt, options.allow_inert)),
      budget(plan().run),
      splits(load_splits(recipe, plan().run.data, sample_steps(plan().run, engine()))),
      model(build_model(plan().model, model_seed(options), MethodSeams{&engine(), &state, options.device}, own)),
      optimizers(build_optimizers()),
      sampler(splits.train.size(), options.seed, &engine(), {recipe.data.shuffle_block, recipe.data.blocks_mixed}),
      transforms(plan().run, engine(), augments_samples(recipe, splits.train)),
      step(plan(), engine(), *model, optimizers),
      captured(step, optimizers, why_not_captured(plan(), recipe.methods).empty() ? options.step_graphs : nullptr),
      evaluator(plan(), engine(), *model),
      evaluations(plan().run.evaluation.every, budget),
      checkpoints(plan().run.checkpoint.every, budget),
      state{.plan = plan(),
            .budget = budget,
            .seed = options.seed,
            .model = *model,
            .optimizers = &optimizers,
            .train_data = &splits.train,
            .device = options.device},
      writer(options.out, recipe.hash(), options.seed, options.resume),
      record(describe_run(recipe, plan(), splits, budget, options)),
      recipe_hash(recipe.hash()),
      window(options.device) {
  if (options.resume) keep_identity(writer.record(), options, record);
  splits.train.place_on(options.device);
  for (Dataset& part : splits.held_out) part.place_on(options.device);
  require_counter("budget.train", plan().run.budget, ledger);
  require_counter("evaluation.every", plan().run.evaluation.every, ledger);
  require_counter("checkpoint.every", plan().run.checkpoint.every, ledger);
  for (const MethodChoice& choice : recipe.methods) {
    for (const FieldInfo& info : choice.spec->params->fields()) {
      if (info.type != "duration") continue;
      const std::string where = "method." + choice.spec->name + "." + info.name;
      require_counter(where.c_str(), parse_duration(choice.params.get(info.name).get<std::string>(), where), ledger);
    }
  }
  bind_schedules();
  if (own && own->file != nullptr) record.files.push_back(module_entry(recipe, *own->file));
  if (!recipe.start.init.empty() && !options.resume) start_from_file();
  if (options.choose_threads) choose_threads();
  if (options.profile) begin_profile();
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
  out.loader_wait_s = seconds(loader_ns);
  double spent = seconds(p.train_ns - p.prelude_ns);
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
  if (plan().run.data.text) out.tokens = static_cast<double>(p.tokens);
  out.flops = p.flops;
  if (p.joules >= 0) out.joules = p.joules;
  out.lr = optimizers.lr();
  return out;
}

void Trainer::Impl::begin() {
  std::vector<std::string> skipped;
  std::unique_ptr<CheckpointReader> resumed =
      options.resume ? writer.newest_checkpoint(recipe_hash, options.seed, skipped) : nullptr;
  for (const std::string& text : skipped) warn(text);
  if (resumed != nullptr) {
    restore(*resumed);
    if (options.profile && options.profile->first < state.progress.step) {
      throw ConfigError("--profile", cat("steps from ", state.progress.step, " on, where the run goes on"),
                        cat(options.profile->first, "..", options.profile->last));
    }
    saved_step = state.progress.step;
    record.auxiliary = writer.record().auxiliary;  // what went before is known there alone
    record.files = writer.record().files;
    writer.resume(resumed->info().events_offset, state.progress.step);
  } else {
    writer.create();
    if (options.resume && !recipe.start.init.empty()) start_from_file();  // killed before its first checkpoint
    if (own && own->file != nullptr) write_file_atomic(options.out / kModuleCopy, *own->file);
  }
  writer.write(record);
  record.executed.startup_s = seconds(ledger.ns(Account::kSetup));
  if (resumed == nullptr && !train_preludes()) return;
  ledger.charge(Account::kTraining);
  update_costs();
  if (resumed == nullptr) {
    // Dropout draws from the process's own generator; here and not earlier, since another run may have used it.
    seed_random_state(mix(options.seed, operation("default generator")));
    engine().fire(Event::kInitialize, state);
  }
  engine().fire(Event::kFitStart, state);
  update_costs();
  if (options.listener != nullptr) options.listener->started(report());
}

Batch draw_batch(Sampler& sampler, const Dataset& data, int64_t size, const State& state) {
  ProfileRange range("data_load");  // a name that diagnose takes for waiting on data
  Sampler::Draw draw = sampler.next(size, &state);
  Batch batch = data.training_batch(draw.ids, sampler, state.seed);
  if (!draw.weights.empty()) batch.weights = at::tensor(weights_of(batch, draw));
  return batch;
}

void Trainer::Impl::train_step() {
  Progress& progress = state.progress;
  const int64_t size = sampler.batch_size(plan().run.batch.size, state);
  if (sampler.epoch_finished(size) || progress.step == 0) engine().fire(Event::kEpochStart, state);
  engine().fire(Event::kBatchRequest, state);
  set_schedules(progress.fraction);

  int64_t start = now_ns();
  Batch batch = draw_batch(sampler, splits.train, size, state);
  batch.epoch = sampler.epoch();
  batch.step = progress.step;
  state.batch = &batch;
  progress.epoch = sampler.epoch();
  const uint64_t work = mix(engine().work(state), static_cast<uint64_t>(plan().model.generation));
  progress.flops += batch_flops.run(shape_of(batch, work), [&] {
    ProfileRange range("transform");
    transforms.apply(batch, state);
    batch = batch.to(state.device);
  });
  loader_ns += now_ns() - start;

  progress.flops += step_flops.run(shape_of(batch, work), [&] {
    engine().fire(Event::kBatchReady, state);
    window.add(captured.run(state));
  });
  ++progress.step;
  ++progress.step_in_epoch;
  progress.samples += size;
  if (plan().run.data.text) progress.tokens += batch.labels.numel();
  progress.train_ns = ledger.ns(Account::kTraining);
  progress.epochs = sampler.epochs(size);
  progress.fraction = budget.fraction(progress);
  const int64_t next_size = sampler.batch_size(plan().run.batch.size, state);
  progress.epochs = sampler.epochs(next_size);  // a larger batch may end the epoch
  progress.fraction = budget.fraction(progress);
  engine().fire(Event::kStepEnd, state);
  state.batch = nullptr;
  while (std::optional<PlanChange> change = engine().replan(state)) change_plan(*change);
  if (sampler.epoch_finished(next_size)) {
    progress.step_in_epoch = 0;
    engine().fire(Event::kEpochEnd, state);
  }
}

StepShape Trainer::Impl::shape_of(const Batch& batch, uint64_t work) const {
  return {batch.size(), plan().run.batch.microbatch, batch.inputs.size(-2), batch.inputs.size(-1), work};
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
  state.progress.flops += evaluator.install(state);
  {
    CostLedger::Span span(ledger, Account::kEvaluation);
    ProfileRange range("evaluate");
    result = evaluator.measure(splits.get(metric.split), state);
  }
  evaluator.remove(state);
  update_costs();
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
  ProfileRange range("checkpoint");
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
  if (plan().run.data.text) out.tokens = static_cast<double>(p.tokens);
  out.flops = p.flops;
  if (p.joules >= 0) out.joules = p.joules;
  out.train_s = seconds(p.train_ns);
  out.eval_s = seconds(ledger.ns(Account::kEvaluation));
  out.checkpoint_s = seconds(ledger.ns(Account::kCheckpoint));
  out.total_s = seconds(ledger.total_ns());
  out.loader_wait_s = seconds(loader_ns);
  out.peak_memory_bytes = static_cast<double>(peak_resident_bytes());
  if (const std::optional<int64_t> bytes = peak_device_bytes(state.device)) {
    out.peak_device_memory_bytes = static_cast<double>(*bytes);
  }
  if (p.step > 0) {
    record.forwards_per_step = record.backwards_per_step =
        static_cast<double>(step.passes()) / static_cast<double>(p.step);
  }
  if (const std::optional<LoaderReport> loader = splits.train.source().report()) record.loader = loader_use(*loader);
  if (options.step_graphs) out.replayed_steps = static_cast<double>(captured.replayed());
  record.status = status;
  record.first_bad_step = first_bad_step;
  record.finished_at = utc_now();
  writer.finish(record);
}

void Trainer::Impl::warn(const std::string& text) const {
  if (options.listener != nullptr) options.listener->warned(text);
}

// What ended the run is thrown on; a disk that is full may keep it from the record, too.
void Trainer::Impl::fail(const std::string& why) {
  if (!writer.is_open() || record.status != evaluate::Status::kRunning) return;
  record.status_detail = why;
  try {
    end(evaluate::Status::kError);
  } catch (const std::exception&) {}
}

Trainer::Trainer(const Recipe& recipe, const Registry& registry, TrainOptions options)
    : impl_(std::make_unique<Impl>(recipe, registry, std::move(options))) {}
Trainer::~Trainer() = default;

const Plan& Trainer::plan() const { return impl_->plan(); }
const evaluate::RunRecord& Trainer::record() const { return impl_->record; }
Model& Trainer::model() { return *impl_->model; }
Engine& Trainer::engine() { return impl_->engine(); }
State& Trainer::state() { return impl_->state; }
void Trainer::enumerate_state(StateVisitor& visitor) { impl_->enumerate(visitor); }

TrainResult Trainer::run() {
  try {
    return impl_->run();
  } catch (const c10::Error& error) {
    impl_->fail(error.what_without_backtrace());
    throw;
  } catch (const std::exception& error) {
    impl_->fail(error.what());
    throw;
  }
}

TrainResult Trainer::Impl::run() {
  auto stopping = [&] { return options.stop != nullptr && options.stop->load(std::memory_order_relaxed); };
  begin();
  Progress& progress = state.progress;
  while (!ended_early && !budget.finished(progress) && !first_bad_step && !stopping()) {
    Progress before = progress;
    if (profile) profile->before_step(before.step);
    train_step();
    bool last = budget.finished(progress);
    if (window.full()) close_window();
    if (!last && evaluations.passed(before, progress)) evaluate_now();
    if (!last && checkpoints.passed(before, progress)) save();
    if (profile) profile->after_step(before.step);
  }
  if (profile) profile->finish();
  if (profile && !profile->lack().empty()) warn(profile->lack());
  bool interrupted = ended_early || (!budget.finished(progress) && !first_bad_step);
  if (!interrupted) {
    evaluate_now();
    if (!first_bad_step) engine().fire(Event::kFitEnd, state);
  }
  if (!ended_early) save();
  end(ended_early      ? *ended_early
      : first_bad_step ? evaluate::Status::kDiverged
      : interrupted    ? evaluate::Status::kInterrupted
                       : evaluate::Status::kOk);
  TrainResult result;
  result.record = record;
  if (evaluated_step == progress.step && !interrupted && !first_bad_step) {
    result.quality = last_quality;
    const std::optional<double>& target = plan().run.target;
    result.reached_target = target && plan().run.metric.reaches(last_quality, *target);
  }
  if (options.listener != nullptr) options.listener->finished(record);
  return result;
}

}  // namespace hasten
