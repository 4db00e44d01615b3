// stochastic_depth in a whole run: what the draws leave out is not computed.
#include <gtest/gtest.h>

#include "method_run.h"

namespace hasten {
bool drops_block(uint64_t seed, int64_t step, size_t block, double chance);
namespace {

TEST(StochasticDepthRunTest, CountedFlopsAreThePlansWithoutTheDroppedBranches) {
  testing::MethodRun run({.with = {"stochastic_depth(rate=0.5, over_depth=\"uniform\")"},
                          .without = {},
                          .set = {"model={family=\"resnet\", stages=[3], width=8}"}});
  TrainResult result = run.run();
  const ModelPlan& model = run.trainer().plan().model;
  const PassCost all = model.flops();
  double expected = 0;
  int dropped = 0;
  for (int64_t step = 0; step < 20; ++step) {
    expected += 32 * (all.forward + all.backward);
    for (size_t block = 1; block <= 3; ++block) {
      if (!drops_block(3, step, block, 0.5)) continue;
      const PassCost branch = model.block_flops(block, true);
      expected -= 32 * (branch.forward + branch.backward);
      ++dropped;
    }
  }
  EXPECT_GT(dropped, 15);
  EXPECT_LT(dropped, 45);
  EXPECT_NEAR(*result.record.executed.flops / expected, 1, 0.02);
}

}  // namespace
}  // namespace hasten
