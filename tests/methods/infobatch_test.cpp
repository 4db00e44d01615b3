// infobatch in a whole run: epochs of other lengths, and resuming in the middle of one.
#include <gtest/gtest.h>

#include <atomic>

#include "method_run.h"

namespace hasten {
namespace {

class StopAtStep final : public TrainListener {
 public:
  void evaluated(const ProgressReport& report, const Evaluation&) override {
    steps.push_back(report.progress.step);
    samples.push_back(report.progress.samples);
    if (left > 0 && --left == 0) stop = true;
  }
  std::atomic<bool> stop{false};
  int left = 0;
  std::vector<int64_t> steps, samples;
};

RecipeEdits edits(const char* every) {
  return {.with = {"infobatch(ratio=0.7, anneal=0.25)"},
          .without = {},
          .set = {"budget.train=\"4ep\"", std::string("evaluation.every=\"") + every + "\""}};
}

TEST(InfoBatchRunTest, MiddleEpochsAreShorter) {
  StopAtStep listener;
  TrainOptions options;
  options.listener = &listener;
  testing::MethodRun run(edits("1ep"), options);
  TrainResult result = run.run();
  EXPECT_EQ(result.record.status, evaluate::Status::kOk);
  ASSERT_EQ(listener.samples.size(), 4u);
  EXPECT_EQ(listener.samples[0], 320);                                      // nothing is known of any sample
  for (int epoch : {1, 2}) {
    const int64_t seen = listener.samples[epoch] - listener.samples[epoch - 1];
    EXPECT_LT(seen, 290) << epoch;
    EXPECT_GT(seen, 90) << epoch;
    EXPECT_EQ(seen % 32, 0);
  }
  EXPECT_EQ(listener.samples[3] - listener.samples[2], 320);                // the last quarter uses all
}

TEST(InfoBatchRunTest, ResumesWithinAPrunedEpoch) {
  testing::TemporaryDirectory dir;
  const Recipe recipe = testing::edited_recipe(edits("3step"));
  TrainOptions options;
  options.seed = 3;
  options.out = dir.path() / "whole";
  Trainer whole(recipe, testing::all_methods(), options);
  whole.run();
  StopAtStep stopper;
  stopper.left = 4;  // step 12, in the second epoch
  options.out = dir.path() / "cut";
  options.stop = &stopper.stop;
  options.listener = &stopper;
  Trainer first(recipe, testing::all_methods(), options);
  first.run();
  ASSERT_EQ(first.state().progress.step, 12);
  ASSERT_EQ(first.state().progress.epoch, 1);
  options.stop = nullptr;
  options.listener = nullptr;
  options.resume = true;
  Trainer second(recipe, testing::all_methods(), options);
  second.run();
  EXPECT_EQ(testing::hashes_of(second), testing::hashes_of(whole));
}

}  // namespace
}  // namespace hasten
