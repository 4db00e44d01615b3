// The engine's own time: all events of a step with 0, 1, 4 and 16 methods that listen at one of them and do nothing.
// A step of training is milliseconds; the engine should be below 5 us and 1 us a method. And a change of stage of a loader
// thread's clock, of which a sample sees six.
#include <benchmark/benchmark.h>

#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/loader/stage_clock.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
namespace {

struct IdleParams {
  static constexpr auto schema() { return std::tuple{}; }
};
class Listener final : public MethodOf<IdleParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override { benchmark::ClobberMemory(); }
  void state(StateVisitor&) override {}
};
std::unique_ptr<Method> make_listener(const IdleParams& params) { return std::make_unique<Listener>(params); }

void step_events(benchmark::State& bench) {
  std::vector<MethodEntry> entries;
  Json document = testing::method_recipe({});
  document["method"] = Json::array();
  for (int64_t i = 0; i < bench.range(0); ++i) {
    MethodSpec spec;
    spec.name = "listener_" + std::to_string(i);
    spec.summary = "listens";
    spec.uses = {{Event::kAfterUpdate, Phase::kObserve}};
    spec.neutral = no_neutral("a benchmark");
    spec.params = describe<IdleParams>();
    document["method"].push_back({{"name", spec.name}});
    entries.emplace_back(std::move(spec), make_listener);
  }
  const Registry registry(std::move(entries));
  PlannedRun planned = plan_run(recipe_from_json(document, registry.catalogue()), registry);
  PlannedModel model(planned.plan.model, 1);
  Budget budget(planned.plan.run);
  State state{planned.plan, budget, 1, {}, model};
  for (auto _ : bench) {
    for (size_t event = 0; event < kEventCount; ++event) planned.engine.fire(static_cast<Event>(event), state);
    benchmark::DoNotOptimize(planned.engine.work(state));
    benchmark::DoNotOptimize(planned.engine.replan(state));
  }
}
void change_of_stage(benchmark::State& bench) {
  StageClock clock;
  for (auto _ : bench) {
    benchmark::DoNotOptimize(clock.enter(Stage::kDecode));
    benchmark::DoNotOptimize(clock.enter(Stage::kAugment));
  }
  bench.SetItemsProcessed(2 * bench.iterations());
}
BENCHMARK(change_of_stage);

BENCHMARK(step_events)->Arg(0)->Arg(1)->Arg(4)->Arg(16)->Repetitions(5)->ReportAggregatesOnly();

}  // namespace
}  // namespace hasten

BENCHMARK_MAIN();
