// channel_pruning in whole runs: layers, slots and the cost of a step really become smaller, and a run resumes.
#include <gtest/gtest.h>

#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

const std::string kPruning = "channel_pruning(pressure=0.02, threshold=0.8, interval=0.2, end=0.7, minimum=2)";

TEST(ChannelPruningRunTest, LayersSlotsAndFlopsBecomeSmaller) {
  for (const char* optimizer : {"sgd", "adamw"}) {
    const std::vector<std::string> set{"optimizer={name=\"" + std::string(optimizer) + "\", lr=0.01}",
                                       "model.widths=[16, 16]"};
    testing::MethodRun run({{kPruning}, {}, set}), plain({{}, {}, set});
    const int64_t before = run.trainer().plan().model.parameter_count();
    TrainResult result = run.run();
    ASSERT_EQ(result.record.status, evaluate::Status::kOk);
    EXPECT_LT(result.record.executed.flops.value(), plain.run().record.executed.flops.value());
    const ModelPlan& model = run.trainer().plan().model;
    EXPECT_LT(model.parameter_count(), before);
    EXPECT_GE(model.blocks[0].layers[0].out[0], 2);
    const std::vector<PlacedParameter> planned = model.parameters();
    for (size_t i = 0; i < planned.size(); ++i)
      EXPECT_EQ(run.trainer().model().parameters()[i].value.sizes().vec(), planned[i].plan->shape);
    run.trainer().state().optimizers->each_group([](const Optimizer&, UpdateGroup& group) {
      for (size_t i = 0; i < group.parameters.size(); ++i)
        EXPECT_EQ(group.slots[0][i].sizes(), group.parameters[i].sizes()) << group.names[i];
    });
  }
}

// What stays keeps its momentum: slots are cut, not begun anew.
TEST(ChannelPruningRunTest, ResumesBitForBitWithAveragesBesideIt) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  for (const char* model : {"{family=\"convnet\", widths=[16, 16], norm=true, convs_per_group=2}",
                            "{family=\"resnet\", stages=[1, 1], width=12}"}) {
    Json document = testing::small_recipe();
    apply_edits(document, {{kPruning, "ema(half_life=\"4step\")"}, {}, {std::string("model=") + model}});
    RunOutcome whole = runner.run(document);
    EXPECT_TRUE(whole.finite);
    for (int64_t evaluations : {1, 3}) {
      RunOutcome resumed = runner.run_interrupted(document, evaluations);
      EXPECT_EQ(difference(whole.state, resumed.state), "") << model;
      EXPECT_EQ(whole.evaluations.back(), resumed.evaluations.back());
    }
  }
}

}  // namespace
}  // namespace hasten
