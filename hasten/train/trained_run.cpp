// A run that was trained before.
#include "hasten/train/trained_run.h"

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/core/budget.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/weight_provider.h"
#include "hasten/train/checkpoint.h"

namespace hasten {
namespace {

evaluate::RunRecord record_of(const std::filesystem::path& directory, const std::string& where) {
  const std::filesystem::path file = directory / "run.json";
  if (!std::filesystem::exists(file)) {
    throw ConfigError(where, "the directory of a finished run", "'" + directory.string() + "'",
                      "it has a run.json; 'hasten train' makes one");
  }
  evaluate::RunRecord record = evaluate::record_from_json(read_json(file), file);
  if (record.status != evaluate::Status::kOk) {
    throw ConfigError(where, "a run that came to its end",
                      "'" + directory.string() + "', which is " + std::string(evaluate::name(record.status)),
                      "finish it with hasten train --resume: what it costs is not known before");
  }
  return record;
}

CheckpointReader newest(const std::filesystem::path& directory, const std::string& where) {
  std::vector<std::filesystem::path> all = list_checkpoints(directory);
  if (all.empty()) throw ConfigError(where, "a run with a checkpoint", "none in '" + directory.string() + "'");
  return CheckpointReader(all.back());
}

}  // namespace

struct TrainedRun::Impl {
  Impl(const std::filesystem::path& directory, const Registry& registry, const std::string& where)
      : record(record_of(directory, where)),
        reader(newest(directory, where)),
        planned(plan_run(recipe_from_json(Json::parse(record.recipe_json), registry.catalogue()), registry)),
        generation(restore_plan()),
        budget(planned.plan.run),
        model(planned.plan.model, reader.info().seed, MethodSeams{&planned.engine, &state}),
        state{planned.plan, budget, reader.info().seed, {}, model} {
    restore("model", [this](StateVisitor& visitor) { model.state(visitor); });
    planned.engine.each<WeightProvider>(state, [&](WeightProvider& provider) {
      if (provider.ready()) provider.exchange(model);
    });
    model.set_training(false);
  }

  void restore(const char* part, const EnumerateState& enumerate) const {
    auto scoped = [&](StateVisitor& visitor) {
      StateVisitor::Scope scope(visitor, part);
      enumerate(visitor);
    };
    reader.restore(scoped, CheckpointReader::Extent::kPart);
  }

  // A plan that changed during the run is a function of the methods' state.
  int64_t restore_plan() {
    restore("method", [this](StateVisitor& visitor) { planned.engine.state(visitor); });
    if (reader.info().generation > 0) planned.plan = plan_again(planned, planned.engine);
    return reader.info().generation;
  }

  evaluate::RunRecord record;
  CheckpointReader reader;
  PlannedRun planned;
  int64_t generation;
  Budget budget;
  PlannedModel model;
  State state;
};

TrainedRun::TrainedRun(const std::filesystem::path& directory, const Registry& registry, const std::string& where)
    : impl_(std::make_unique<Impl>(directory, registry, where)) {}
TrainedRun::~TrainedRun() = default;

const evaluate::RunRecord& TrainedRun::record() const { return impl_->record; }

State& TrainedRun::state(const Dataset& data) {
  impl_->state.train_data = &data;
  return impl_->state;
}

}  // namespace hasten
