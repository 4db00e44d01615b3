// weight_standardization in whole runs. Elsewhere parameters are renamed, and a checkpoint is loaded into a model without.
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/nn/model.h"
#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

TEST(WeightStandardizationRunTest, ResumesWithStandardizedFiltersBitForBit) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  Json document = testing::small_recipe();
  apply_edits(document, {{"weight_standardization", "layer_freezing(start=0.4)"}, {}, {}});
  RunOutcome whole = runner.run(document);
  for (int64_t evaluations : {1, 3}) {
    RunOutcome resumed = runner.run_interrupted(document, evaluations);
    EXPECT_EQ(difference(whole.state, resumed.state), "");
    EXPECT_EQ(whole.evaluations.back(), resumed.evaluations.back());
  }
}

// A checkpoint does not say which method made its weights, so the recipe must: another one is not resumed.
TEST(WeightStandardizationRunTest, ItsCheckpointIsNotResumedWithoutIt) {
  testing::TemporaryDirectory scratch;
  TrainOptions options;
  options.out = scratch.path() / "run";
  Trainer(testing::edited_recipe({{"weight_standardization"}, {}, {}}), testing::all_methods(), options).run();
  options.resume = true;
  EXPECT_ANY_THROW(Trainer(testing::edited_recipe({}), testing::all_methods(), options).run());
}

}  // namespace
}  // namespace hasten
