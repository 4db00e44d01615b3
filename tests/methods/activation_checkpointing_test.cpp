// activation_checkpointing in whole runs: nothing but the FLOPs tells that it was there.
#include <gtest/gtest.h>

#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

TEST(ActivationCheckpointingRunTest, ARunEndsWithTheBitsOfThePlainOne) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  const std::string convnet = "model={family=\"convnet\", widths=[8, 8, 8], norm=true, dropout=0.2}";
  const std::string resnet = "model={family=\"resnet\", stages=[2, 1], width=8}";
  const std::vector<RecipeEdits> cases{{{}, {}, {convnet}},
                                       {{}, {}, {convnet, "precision.compute=\"bf16\""}},
                                       {{"sam(rho=0.1)", "weight_standardization"}, {}, {convnet}},
                                       {{"stochastic_depth(rate=0.5)"}, {}, {resnet}},
                                       {{"layer_freezing(start=0.3)"}, {}, {resnet, "batch.microbatch=8"}}};
  for (const RecipeEdits& edits : cases) {
    Json plain = testing::small_recipe(), with = testing::small_recipe();
    RecipeEdits more = edits;
    more.with.push_back("activation_checkpointing");
    apply_edits(plain, edits);
    apply_edits(with, more);
    RunOutcome a = runner.run(plain), b = runner.run(with);
    EXPECT_EQ(difference(a.weights, b.weights), "") << edits.set.front();
    EXPECT_EQ(a.evaluations, b.evaluations);
    EXPECT_GT(b.flops, a.flops);
    // What is frozen in the middle of the run is not computed again from then on; the estimate knows the beginning.
    const bool planned = more.with.front() != "layer_freezing(start=0.3)" && !b.estimate_by_chance;
    if (planned) {
      EXPECT_NEAR(b.flops / b.estimated_flops, 1, 0.02) << edits.set.front();
    }
  }
}

}  // namespace
}  // namespace hasten
