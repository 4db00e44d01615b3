// The engine's own work per step, counted: allocations while it calls methods, and waits for the device while training.
#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "hasten/core/budget.h"
#include "hasten/core/loss_term.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/train/test_run.h"
#include "tests/engine/counted_calls.h"
#include "tests/engine/counted_new.h"

namespace hasten {
namespace {

struct IdleParams {
  double weight = 1;
  static constexpr auto schema() { return std::tuple{field("weight", &IdleParams::weight, "unused by a listener")}; }
};

// Listens at every event of a step and stands on a seam; does nothing there.
class Listener final : public MethodOf<IdleParams>, public LossTerm {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override { ++calls; }
  void apply(at::Tensor&, State&) override { ++calls; }
  void state(StateVisitor&) override {}
  int64_t calls = 0;
};
std::unique_ptr<Method> make_listener(const IdleParams& params) { return std::make_unique<Listener>(params); }

constexpr Event kStepEvents[] = {
    Event::kBatchRequest, Event::kBatchReady,  Event::kStepBegin,      Event::kBeforeForward, Event::kAfterForward,
    Event::kBeforeLoss,   Event::kAfterLoss,   Event::kBeforeBackward, Event::kAfterBackward, Event::kGradientsReady,
    Event::kBeforeUpdate, Event::kAfterUpdate, Event::kStepEnd};

MethodEntry listener_entry() {
  MethodSpec spec;
  spec.name = "listener";
  spec.summary = "listens";
  spec.uses = {{Seam::kLossTerm, Phase::kTerm}};
  for (Event event : kStepEvents) spec.uses.push_back({event, Phase::kObserve});
  spec.neutral = no_neutral("a test");
  spec.params = describe<IdleParams>();
  return {std::move(spec), make_listener};
}

TEST(EngineOverheadTest, CallsOfHooksAndPartsAllocateNothing) {
  auto planned = testing::plan_with(listener_entry(), {{"name", "listener"}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Engine& engine = planned.run.engine;
  at::Tensor losses;
  auto step = [&] {
    for (Event event : kStepEvents) engine.fire(event, state);
    engine.fire(Event::kEpochEnd, state);  // nobody listens
    engine.each<LossTerm>(state, [&](LossTerm& term) { term.apply(losses, state); });
    (void)engine.work(state);
    (void)engine.replan(state);
  };
  step();
  const int64_t before = allocations();
  for (int i = 0; i < 100; ++i) step();
  EXPECT_EQ(allocations() - before, 0);
  EXPECT_EQ(engine.methods().front().calls, 101 * (static_cast<int64_t>(std::size(kStepEvents)) + 1));
}

// Operators that make the host wait for values of the device.
const std::set<std::string_view> kWaits{"aten::item", "aten::_local_scalar_dense", "aten::is_nonzero", "aten::nonzero",
                                        "aten::equal"};

// Waits while steps run: those of evaluations and windows are taken out by having none in between.
TEST(EngineOverheadTest, TrainingStepsDoNotWaitForTheDevice) {
  static const Registry registry({listener_entry()});
  Json document = testing::small_recipe();
  document["evaluation"]["every"] = "40step";
  document["checkpoint"]["every"] = "40step";
  document["method"] = Json::array({{{"name", "listener"}}});
  auto waits_of = [&](const char* budget) {
    document["budget"]["train"] = budget;
    return calls_in(document, registry, [](std::string_view name) { return kWaits.contains(name); });
  };
  // Both have one window and one evaluation, so twenty more steps must add nothing.
  const int64_t few = waits_of("10step"), many = waits_of("30step");
  EXPECT_GT(few, 0) << "the evaluation waits, so the count works";
  EXPECT_EQ(many, few);
}

}  // namespace
}  // namespace hasten
