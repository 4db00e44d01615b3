// Runs before the run.
#include "hasten/train/preludes.h"

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/prelude.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/meter/flops.h"
#include "hasten/train/trained_run.h"

namespace hasten {
namespace {

// Trains the prelude to its end unless that was done before.
evaluate::Status train_prelude(const PreludeRun& run, const std::filesystem::path& out, const Registry& registry,
                               const TrainOptions& parent) {
  const bool begun = std::filesystem::exists(out / "run.json");
  if (begun) {
    auto record = evaluate::record_from_json(read_json(out / "run.json"), out / "run.json");
    if (record.status == evaluate::Status::kOk && record.recipe_hash == run.recipe.hash()) return record.status;
  }
  TrainOptions options;
  options.out = out;
  options.seed = run.seed;
  options.resume = begun;
  options.stop = parent.stop;
  options.price = parent.price;
  options.device = parent.device;
  options.step_graphs = parent.step_graphs;
  return Trainer(run.recipe, registry, options).run().record.status;
}

evaluate::AuxiliaryCost cost_of(const evaluate::RunRecord& record, const std::string& name) {
  evaluate::AuxiliaryCost cost;
  cost.kind = "prelude";
  cost.name = name;
  const evaluate::Totals& spent = record.executed;
  // Evaluations of a prelude serve nobody; everything else does.
  if (spent.total_s) cost.seconds = *spent.total_s - spent.eval_s.value_or(0);
  cost.flops = spent.flops;
  cost.joules = spent.joules;
  cost.samples = spent.samples;
  cost.charged = true;
  return cost;
}

}  // namespace

PreludeCost run_preludes(const Recipe& recipe, const Registry& registry, Engine& engine, State& state,
                         const TrainOptions& options, std::vector<evaluate::AuxiliaryCost>& auxiliary) {
  PreludeCost all;
  const size_t parts = engine.count<Prelude>();
  const std::vector<const MethodSpec*> owners =
      parts == 0 ? std::vector<const MethodSpec*>{} : engine.order().at(Seam::kPrelude);
  for (size_t p = 0; p < parts; ++p) {
    std::vector<PreludeRun> runs;
    engine.one<Prelude>(p, state, [&](Prelude& part) { runs = part.runs(recipe, options.seed); });
    for (size_t i = 0; i < runs.size(); ++i) {
      const std::string name = cat(owners[p]->name, "-", i), where = "method." + owners[p]->name;
      std::filesystem::path directory = runs[i].directory;
      if (directory.empty()) {
        directory = options.out / "prelude" / name;
        all.status = train_prelude(runs[i], directory, registry, options);
        all.detail = cat("prelude ", name, " ended as ", evaluate::name(all.status));
        if (all.status != evaluate::Status::kOk) return all;
      }
      const int64_t start = now_ns();
      TrainedRun trained(directory, registry, where, TrainedRun::Ended::kRequired, {}, state.device);
      if (!trained.skipped().empty())
        throw ConfigError(where, "a run whose last checkpoint is whole", trained.skipped().front());
      evaluate::AuxiliaryCost cost = cost_of(trained.record(), name);
      FlopCounter counter;
      engine.one<Prelude>(p, state, [&](Prelude& part) { part.finished(i, trained.state(*state.train_data)); });
      // Scoring samples is work, too.
      cost.seconds = cost.seconds.value_or(0) + seconds(now_ns() - start);
      cost.flops = cost.flops.value_or(0) + counter.total();
      all.seconds += cost.seconds.value_or(0);
      all.flops += cost.flops.value_or(0);
      all.joules += cost.joules.value_or(0);
      auxiliary.push_back(std::move(cost));
    }
  }
  return all;
}

}  // namespace hasten
