// progressive_stacking in a whole run: what a new block takes over when the model grows.
#include <gtest/gtest.h>

#include <algorithm>

#include "hasten/evaluate/record_io.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"
#include "method_run.h"

namespace hasten {
namespace {

at::Tensor named(const std::vector<NamedTensor>& list, const std::string& name) {
  auto found = std::find_if(list.begin(), list.end(), [&](const NamedTensor& entry) { return entry.name == name; });
  return found == list.end() ? at::Tensor() : found->value;
}

// Looks at the run right after it grew at step 10.
class AtGrowth final : public TrainListener {
 public:
  void evaluated(const ProgressReport& report, const Evaluation&) override {
    if (report.progress.step != 10) return;
    seen = true;
    const std::vector<NamedTensor> tensors = trainer->model().tensors();
    int copied = 0;
    for (const NamedTensor& entry : tensors) {
      if (entry.name.rfind("stage1_block3.", 0) != 0) continue;
      EXPECT_TRUE(entry.value.equal(named(tensors, "stage1_block1." + entry.name.substr(14)))) << entry.name;
      ++copied;
    }
    EXPECT_EQ(copied, 2 * (1 + 4));  // two filters, and scale, shift and statistics of two normalizations
    std::vector<NamedTensor> momentum;
    trainer->state().optimizers->each_group([&](const Optimizer&, UpdateGroup& group) {
      for (size_t i = 0; i < group.names.size(); ++i) momentum.push_back({group.names[i], group.slots[0][i]});
    });
    at::Tensor old_slot = named(momentum, "stage1_block1.conv1.weight"),
               new_slot = named(momentum, "stage1_block3.conv1.weight");
    ASSERT_TRUE(old_slot.defined() && new_slot.defined());
    EXPECT_TRUE(old_slot.equal(new_slot));
    EXPECT_GT(old_slot.abs().sum().item<double>(), 0);
  }
  Trainer* trainer = nullptr;
  bool seen = false;
};

TEST(ProgressiveStackingRunTest, ANewBlockIsACopyWithItsStatisticsAndSlots) {
  AtGrowth listener;
  TrainOptions options;
  options.listener = &listener;
  testing::MethodRun run({.with = {"progressive_stacking(until=0.5)"},
                          .without = {},
                          .set = {"model={family=\"resnet\", stages=[3], width=8}", "evaluation.every=\"10step\""}},
                         options);
  listener.trainer = &run.trainer();
  const CostEstimate estimate = run.trainer().engine().estimate_cost(run.trainer().plan());
  TrainResult result = run.run();
  EXPECT_TRUE(listener.seen);
  EXPECT_EQ(result.record.status, evaluate::Status::kOk);
  EXPECT_EQ(run.trainer().plan().model.blocks.size(), 5u);
  EXPECT_NEAR(*result.record.executed.flops / (20 * 32 * (estimate.forward + estimate.backward)), 1, 0.02);
  // After ten more steps the copies went their own ways.
  const std::vector<NamedTensor> tensors = run.trainer().model().tensors();
  EXPECT_FALSE(named(tensors, "stage1_block3.conv1.weight").equal(named(tensors, "stage1_block1.conv1.weight")));
  int replans = 0;
  for (const auto& event : evaluate::read_run(run.directory()).events) replans += event.kind == "replan" ? 1 : 0;
  EXPECT_EQ(replans, 1);
}

}  // namespace
}  // namespace hasten
