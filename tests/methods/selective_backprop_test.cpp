// selective_backprop in whole runs. Elsewhere it selects after augmentation, scores in training mode, and counts the
// batches it leaves alone.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <numeric>

#include "hasten/data/dataset.h"
#include "hasten/data/transform.h"
#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

TEST(SelectiveBackpropRunTest, SelectsBeforeAnythingIsAugmented) {
  testing::MethodRun run({{"selective_backprop", "label_smoothing"}, {}, {}});
  Trainer& trainer = run.trainer();
  TransformChain chain(trainer.plan().run, trainer.engine());
  std::vector<int64_t> ids(32);
  std::iota(ids.begin(), ids.end(), 0);
  Batch batch = trainer.state().train_data->gather(ids);
  Batch expected = batch;
  trainer.engine().one<BatchTransform>(0, trainer.state(),
                                       [&](BatchTransform& part) { part.apply(expected, trainer.state()); });
  ASSERT_EQ(expected.size(), 16);
  EXPECT_TRUE(at::equal(expected.inputs, trainer.state().train_data->gather(expected.ids).inputs));
  flip_images(expected, trainer.state().seed);
  translate_images(expected, 1, trainer.state().seed);
  chain.apply(batch, trainer.state());
  EXPECT_EQ(batch.ids, expected.ids);
  EXPECT_TRUE(at::equal(batch.inputs, expected.inputs));
}

TEST(SelectiveBackpropRunTest, EveryScorerResumesBitForBitAndCostsWhatItSays) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  for (const char* settings :
       {"scorer=\"proxy\", proxy_interval=2", "scorer=\"stale\", end=1", "scorer=\"self\", interval=2",
        "scorer=\"stale\", choice=\"percentile\", keep=0.4", "scorer=\"proxy\", choice=\"percentile\", start=0.3"}) {
    Json document = testing::small_recipe();
    apply_edits(document, {{"selective_backprop(" + std::string(settings) + ")"}, {}, {"budget.train=\"24step\""}});
    RunOutcome whole = runner.run(document);
    EXPECT_TRUE(whole.finite);
    EXPECT_NEAR(whole.flops / whole.estimated_flops, 1, 0.02) << settings;
    for (int64_t evaluations : {1, 3}) {
      RunOutcome resumed = runner.run_interrupted(document, evaluations);
      EXPECT_EQ(difference(whole.state, resumed.state), "") << settings;
    }
  }
}

}  // namespace
}  // namespace hasten
