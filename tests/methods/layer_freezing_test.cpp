// layer_freezing in whole runs. Elsewhere it acts at the end of epochs only, leaves statistics moving, and breaks the
// optimizer's state when that is saved.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <set>

#include "hasten/core/engine.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

TEST(LayerFreezingRunTest, ActsWithinTheOneEpochOfARun) {
  const std::vector<std::string> set{"budget.train=\"1ep\""};
  testing::MethodRun run({{"layer_freezing(start=0.3)"}, {}, set}), plain({{}, {}, set});
  EXPECT_LT(run.run().record.executed.flops.value(), plain.run().record.executed.flops.value());
  const ModelPlan& model = run.trainer().plan().model;
  EXPECT_TRUE(model.blocks[0].frozen && model.blocks[1].frozen);
  EXPECT_FALSE(model.blocks.back().frozen);
  std::set<std::string> trained;
  run.trainer().state().optimizers->each_group(
      [&](const Optimizer&, UpdateGroup& group) { trained.insert(group.names.begin(), group.names.end()); });
  EXPECT_EQ(trained, (std::set<std::string>{"head.linear.weight", "head.linear.bias"}));
}

// Compares the tensors of the first block from evaluation to evaluation after it was frozen.
class FrozenTensors final : public TrainListener {
 public:
  void evaluated(const ProgressReport&, const Evaluation&) override {
    Trainer& trainer = run->trainer();
    if (!trainer.plan().model.blocks[0].frozen) return;
    std::vector<at::Tensor> now;
    for (const NamedTensor& entry : trainer.model().tensors()) {
      if (entry.name.rfind("group1.", 0) == 0) now.push_back(entry.value.detach().clone());
    }
    for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i], now[i]));
    before = now;
    ++times;
  }
  testing::MethodRun* run = nullptr;
  std::vector<at::Tensor> before;
  int times = 0;
};

TEST(LayerFreezingRunTest, NeitherWeightsNorStatisticsOfAFrozenBlockMove) {
  FrozenTensors seen;
  TrainOptions options;
  options.listener = &seen;
  testing::MethodRun run(
      {{"layer_freezing(start=0.3)"}, {}, {"evaluation.every=\"2step\"", "optimizer.weight_decay=0.1"}}, options);
  seen.run = &run;
  run.run();
  EXPECT_GE(seen.times, 5);
}

TEST(LayerFreezingRunTest, SavesAndResumesTheOptimizerThatIsLeftBitForBit) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  for (const char* optimizer : {"sgd", "adamw"}) {
    Json document = testing::small_recipe();
    apply_edits(document, {{"layer_freezing(start=0.1)", "ema(half_life=\"4step\")"},
                           {},
                           {"optimizer={name=\"" + std::string(optimizer) + "\", lr=0.01}"}});
    RunOutcome whole = runner.run(document);
    EXPECT_TRUE(whole.finite);
    for (int64_t evaluations : {1, 3}) {
      EXPECT_EQ(difference(whole.state, runner.run_interrupted(document, evaluations).state), "") << optimizer;
    }
  }
}

}  // namespace
}  // namespace hasten
