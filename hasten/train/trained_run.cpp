// A run that was trained before.
#include "hasten/train/trained_run.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/nn/recipe_model.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
namespace {

evaluate::RunRecord record_of(const std::filesystem::path& directory, const std::string& where,
                              TrainedRun::Ended ended) {
  const std::filesystem::path file = directory / "run.json";
  if (!std::filesystem::exists(file)) {
    throw ConfigError(where, "the directory of a run", "'" + directory.string() + "'",
                      "it has a run.json; 'hasten train' makes one");
  }
  evaluate::RunRecord record = evaluate::record_from_json(read_json(file), file);
  if (ended == TrainedRun::Ended::kRequired && record.status != evaluate::Status::kOk) {
    throw ConfigError(where, "a run that came to its end",
                      "'" + directory.string() + "', which is " + std::string(evaluate::name(record.status)),
                      "finish it with hasten train --resume: what it costs is not known before");
  }
  if (record.recipe_json.empty()) {
    throw ConfigError(where, "a run that hasten trained", "'" + directory.string() + "', whose record has no recipe");
  }
  return record;
}

std::unique_ptr<CheckpointReader> checkpoint_of(const std::filesystem::path& directory, const std::string& where,
                                                std::vector<std::string>& skipped) {
  std::unique_ptr<CheckpointReader> found = newest_checkpoint(directory, &skipped);
  if (found != nullptr) return found;
  throw ConfigError(where, "a run with a checkpoint", "none in '" + directory.string() + "'");
}

// The labels of the weights that the run has, the last one being what evaluations use.
std::vector<std::string> labels_of(Engine& engine) {
  std::vector<std::string> labels{"raw"};
  for (size_t i = 0; i < engine.count<WeightProvider>(); ++i) {
    const WeightProvider& provider = engine.look<WeightProvider>(i);
    if (provider.ready()) labels.push_back(provider.label());
  }
  return labels;
}

std::string chosen_label(const WeightChoice& choice, Engine& engine) {
  const std::vector<std::string> labels = labels_of(engine);
  if (choice.label.empty()) return labels.back();
  if (std::find(labels.begin(), labels.end(), choice.label) != labels.end()) return choice.label;
  throw ConfigError(choice.where, "weights that the run has: " + ordinal_list(labels, "or"), "'" + choice.label + "'",
                    "weights besides raw come from a method, such as ema or swa, once it has begun");
}

}  // namespace

struct TrainedRun::Impl {
  Impl(const std::filesystem::path& directory, const Registry& registry, const std::string& where, Ended ended,
       const WeightChoice& choice, at::Device device)
      : device(device),
        record(record_of(directory, where, ended)),
        reader(checkpoint_of(directory, where, skipped)),
        recipe(recipe_from_json(evaluate::recipe(record), registry.catalogue())),
        own(own_model_of(recipe, directory)),
        planned(plan_run(recipe, registry, own ? std::optional(own->plan) : std::nullopt, false)),
        generation(restore_plan()),
        budget(planned.plan.run),
        model(build_model(planned.plan.model, reader->info().seed, MethodSeams{&planned.engine, &state, device}, own)),
        state{.plan = planned.plan, .budget = budget, .seed = reader->info().seed, .model = *model, .device = device},
        evaluator(planned.plan, planned.engine, *model),
        label(chosen_label(choice, planned.engine)) {
    restore("model", [this](StateVisitor& visitor) { model->state(visitor); });
    for (size_t i = 0; i < planned.engine.count<WeightProvider>(); ++i) {
      const WeightProvider& provider = planned.engine.look<WeightProvider>(i);
      needs_data =
          needs_data || (provider.label() == label && provider.needs_statistics() && !model->buffers().empty());
    }
    model->set_training(false);
  }

  void restore(const char* part, const EnumerateState& enumerate) const {
    auto scoped = [&](StateVisitor& visitor) {
      StateVisitor::Scope scope(visitor, part);
      enumerate(visitor);
    };
    reader->restore(scoped, CheckpointReader::Extent::kPart, device);
  }

  // A plan that changed during the run is a function of the methods' state.
  int64_t restore_plan() {
    restore("method", [this](StateVisitor& visitor) { planned.engine.state(visitor); });
    if (reader->info().generation > 0) planned.plan = plan_again(planned, planned.engine);
    return reader->info().generation;
  }

  void install() {
    if (installed) return;
    installed = true;
    if (label != "raw") evaluator.install(state);
    model->set_training(false);
  }

  at::Device device;
  evaluate::RunRecord record;
  std::vector<std::string> skipped;
  std::unique_ptr<CheckpointReader> reader;
  Recipe recipe;
  std::optional<OwnModel> own;
  PlannedRun planned;
  int64_t generation;
  Budget budget;
  std::unique_ptr<Model> model;
  State state;
  Evaluator evaluator;
  std::string label;
  bool needs_data = false, installed = false;
};

TrainedRun::TrainedRun(const std::filesystem::path& directory, const Registry& registry, const std::string& where,
                       Ended ended, const WeightChoice& weights, at::Device device)
    : impl_(std::make_unique<Impl>(directory, registry, where, ended, weights, device)) {}
TrainedRun::~TrainedRun() = default;

const evaluate::RunRecord& TrainedRun::record() const { return impl_->record; }
const CheckpointInfo& TrainedRun::checkpoint() const { return impl_->reader->info(); }
const Recipe& TrainedRun::recipe() const { return impl_->recipe; }
const Plan& TrainedRun::plan() const { return impl_->planned.plan; }
Engine& TrainedRun::engine() { return impl_->planned.engine; }
const std::vector<std::string>& TrainedRun::skipped() const { return impl_->skipped; }
const std::string& TrainedRun::weights() const { return impl_->label; }
bool TrainedRun::needs_data() const { return impl_->needs_data; }
Evaluator& TrainedRun::evaluator() { return impl_->evaluator; }

State& TrainedRun::state(const Dataset& data) {
  impl_->state.train_data = &data;
  impl_->install();
  return impl_->state;
}

State& TrainedRun::state() {
  HASTEN_CHECK(!impl_->needs_data, "these weights need training data");
  impl_->install();
  return impl_->state;
}

}  // namespace hasten
