// Building, rebuilding and restoring the parts of a run.
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/prelude.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/start_weights.h"
#include "hasten/train/preludes.h"
#include "hasten/train/thread_choice.h"
#include "hasten/train/trainer_impl.h"

namespace hasten {
namespace {

using Account = CostLedger::Account;

// What was learnt elsewhere is work outside of this run: its cost stands in the file if an export wrote it.
evaluate::AuxiliaryCost cost_of_start(const SafetensorsFile& file) {
  evaluate::AuxiliaryCost cost;
  cost.kind = "pre-trained weights";
  cost.name = file.path().string();
  auto number = [&](const char* key) -> std::optional<double> {
    const std::string text = file.metadata_or(key, "");
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value > 0) || !std::isfinite(value)) return std::nullopt;
    return value;
  };
  cost.seconds = number("train_seconds");
  cost.flops = number("flops");
  cost.joules = number("joules");
  cost.samples = number("samples");
  return cost;
}

bool lies_in(const std::filesystem::path& file, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  return fs::weakly_canonical(fs::absolute(file).parent_path() / "x") ==
         fs::weakly_canonical(fs::absolute(folder) / "x");
}

}  // namespace

// A resumed run goes on with the threads it had: sums have their order, and so their bits, by them.
void Trainer::Impl::choose_threads() {
  const int64_t had = options.resume ? writer.record().hardware.threads.value_or(0) : 0;
  if (had > 0) at::set_num_threads(static_cast<int>(had));
  else fastest_threads(plan(), at::get_num_threads());
  record.hardware.threads = at::get_num_threads();
}

void Trainer::Impl::begin_profile() {
  ProfileSteps steps = *options.profile;
  if (budget.total_steps() >= 0 && steps.last > budget.total_steps()) {
    throw ConfigError("--profile", cat("steps among the ", budget.total_steps(), " of the run"),
                      cat(steps.first, "..", steps.last));
  }
  if (steps.file.empty()) steps.file = options.out / "trace.json";
  // A run should not learn at its end that its profile has no place. Its own directory comes with it.
  if (std::filesystem::is_directory(steps.file) || !lies_in(steps.file, options.out))
    require_place(steps.file, "--profile");
  profile.emplace(std::move(steps), engine());
}

OptimizerSet Trainer::Impl::build_optimizers() {
  return {plan(), [this](std::string_view name) { return model->parameter(name); }};
}

void Trainer::Impl::bind_schedules() {
  scheduled.clear();
  for (const auto& [path, schedule] : plan().run.schedules) {
    if (path == "lr") continue;
    double* number = path.rfind("method.", 0) == 0 ? engine().scheduled(path)
                     : path.rfind("data.", 0) == 0 ? transforms.scheduled(path)
                                                   : optimizers.scheduled(path);
    HASTEN_CHECK(number != nullptr, "nothing is scheduled by " + path);
    scheduled.emplace_back(number, &schedule);
  }
}

void Trainer::Impl::enumerate(StateVisitor& visitor) {
  auto in = [&](std::string_view name, auto&& body) {
    StateVisitor::Scope scope(visitor, name);
    body();
  };
  in("model", [&] { model->state(visitor); });
  in("optimizer", [&] { optimizers.state(visitor); });
  in("sampler", [&] { sampler.state(visitor); });
  in("method", [&] { engine().state(visitor); });
  in("window", [&] { window.state(visitor); });
  in("step", [&] { step.state(visitor); });
  in("cost", [&] { ledger.state(visitor); });
  in("trainer", [&] {
    Progress& p = state.progress;
    visitor.integer("step", p.step);
    visitor.integer("epoch", p.epoch);
    visitor.integer("step_in_epoch", p.step_in_epoch);
    visitor.integer("samples", p.samples);
    visitor.integer("tokens", p.tokens);
    visitor.number("epochs", p.epochs);
    visitor.number("flops", p.flops);
    visitor.number("fraction", p.fraction);
    visitor.number("prelude_flops", p.prelude_flops);
    visitor.integer("prelude_ns", p.prelude_ns);
    visitor.number("prelude_joules", p.prelude_joules);
    visitor.integer("loader_ns", loader_ns);
    visitor.integer("window_begin", window_begin);
    visitor.integer("evaluated_step", evaluated_step);
    visitor.number("last_loss", last_loss);
    visitor.number("last_quality", last_quality);
    at::Tensor random;  // undefined where it is loaded: another device may have had another size of it
    if (!visitor.loading()) random = random_state();
    visitor.tensor("generator", random);
    if (visitor.loading()) set_random_state(random.cpu());
  });
}

void Trainer::Impl::set_schedules(double fraction) {
  scheduled_at = fraction;
  optimizers.schedule(fraction);
  for (auto& [number, schedule] : scheduled) *number = schedule->at(fraction);
}

// A plan that changed during the run is a function of the methods' state, so that comes first.
void Trainer::Impl::restore(const CheckpointReader& reader) {
  if (reader.info().generation > 0) {
    auto methods = [this](StateVisitor& visitor) {
      StateVisitor::Scope scope(visitor, "method");
      engine().state(visitor);
    };
    reader.restore(methods, CheckpointReader::Extent::kPart, state.device);
    Plan next = plan_again(planned, engine());
    next.model.generation = reader.info().generation;
    adopt(std::move(next));
  }
  reader.restore([this](StateVisitor& visitor) { enumerate(visitor); }, CheckpointReader::Extent::kAll, state.device);
}

// Builds everything that hangs on the plan; objects stay where they are, since others refer to them.
void Trainer::Impl::adopt(Plan next) {
  planned.plan = std::move(next);
  static_cast<PlannedModel&>(*model) =
      PlannedModel(plan().model, model_seed(options), MethodSeams{&engine(), &state, state.device});
  optimizers = build_optimizers();
  captured.forget();
  bind_schedules();
}

void Trainer::Impl::rebuild(const PlanChange& change) {
  const std::vector<NamedTensor> old = model->tensors();
  const OptimizerSet before = std::move(optimizers);
  Plan next = plan_again(planned, engine());
  next.model.generation = plan().model.generation + 1;
  adopt(std::move(next));
  optimizers.carry(change, before);
  const std::vector<NamedTensor> fresh = model->tensors(), values = carried(change, old, fresh);
  {
    c10::NoGradGuard no_grad;
    for (size_t i = 0; i < fresh.size(); ++i) fresh[i].value.detach().copy_(values[i].value);
  }
  set_schedules(scheduled_at);
  engine().carry(change, state);
}

void Trainer::Impl::change_plan(const PlanChange& change) {
  rebuild(change);
  evaluate::EventRecord line = event();
  line.kind = "replan";
  line.note = change.reason;
  writer.append(line);
}

void Trainer::Impl::start_from_file() {
  if (!std::filesystem::is_regular_file(recipe.start.init))
    throw ConfigError("model.init", "a safetensors file", "'" + recipe.start.init + "', which is none");
  const SafetensorsFile file(recipe.start.init);
  StartReport report = load_start(file, recipe.start, *model);
  evaluate::SourceFile entry;
  entry.use = "init";
  entry.path = recipe.start.init;
  entry.hash = hex(hash64(file.bytes()));
  entry.loaded = static_cast<int64_t>(report.loaded.size());
  entry.missing = std::move(report.missing);
  entry.unexpected = std::move(report.unexpected);
  entry.skipped = std::move(report.skipped);
  record.files.push_back(std::move(entry));
  record.auxiliary.push_back(cost_of_start(file));
}

// False: the run ends here.
bool Trainer::Impl::train_preludes() {
  if (!engine().has<Prelude>()) return true;
  ledger.charge(Account::kPrelude);
  PreludeCost cost = run_preludes(recipe, registry, engine(), state, options, record.auxiliary);
  ledger.refresh();
  // What they cost when they ran stands for what passed here: they may have been trained before an interruption.
  const auto ns = static_cast<int64_t>(cost.seconds * 1e9);
  ledger.add(Account::kPrelude, -ledger.ns(Account::kPrelude), -std::max(0.0, ledger.joules(Account::kPrelude)));
  ledger.add(Account::kTraining, ns, cost.joules);
  state.progress.prelude_ns = ns;
  state.progress.prelude_joules = cost.joules;
  state.progress.flops = state.progress.prelude_flops = cost.flops;
  if (cost.status != evaluate::Status::kOk) {
    ended_early = cost.status;
    record.status_detail = cost.detail;
  } else if (budget.finished(state.progress)) {
    ended_early = evaluate::Status::kOutOfBudget;
    record.status_detail = "preludes took the whole budget";
  }
  writer.write(record);  // what went before is known from now on, whatever happens
  return !ended_early;
}

}  // namespace hasten
