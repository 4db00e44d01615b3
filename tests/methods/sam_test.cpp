// sam in whole runs: the second pass is the first one but for the step up. Peers update batch statistics twice a step,
// and draw new mixes and dropout masks for the second gradient.
#include <gtest/gtest.h>

#include "hasten/nn/model.h"
#include "method_run.h"

namespace hasten {
namespace {

// Model, buffers and slots after a run.
std::map<std::string, std::string> weights_of(const RecipeEdits& edits) {
  testing::MethodRun run(edits);
  run.run();
  std::map<std::string, std::string> all = testing::hashes_of(run.trainer()), kept;
  for (const auto& [name, hash] : all) {
    if (name.rfind("model/", 0) == 0 || name.rfind("optimizer/", 0) == 0 || name == "trainer/generator")
      kept[name] = hash;
  }
  return kept;
}

// A step too short to change any weight: if anything else differed between the passes, the run would.
constexpr const char* kNoStep = "sam(rho=1e-20)";

TEST(SamRunTest, BothPassesSeeTheSameBatchMasksAndStatistics) {
  const RecipeEdits plain{
      .with = {"label_smoothing"}, .without = {}, .set = {"model.hidden=[12]", "model.dropout=0.5"}};
  RecipeEdits with_sam = plain;
  with_sam.with.emplace_back(kNoStep);
  EXPECT_EQ(weights_of(with_sam), weights_of(plain));
}

TEST(SamRunTest, BothPassesLeaveOutTheSameBlocks) {
  const RecipeEdits plain{
      .with = {"stochastic_depth(rate=0.5)"}, .without = {}, .set = {"model={family=\"resnet\", stages=[3], width=8}"}};
  RecipeEdits with_sam = plain;
  with_sam.with.emplace_back(kNoStep);
  EXPECT_EQ(weights_of(with_sam), weights_of(plain));
}

TEST(SamRunTest, MicrobatchesAddUpToOneStep) {
  // The step up is that of the whole batch, so cutting it changes nothing but rounding.
  auto parameters = [](const char* microbatch) {
    testing::MethodRun run({.with = {"sam(rho=0.5)"},
                            .without = {},
                            .set = {"model={family=\"mlp\", widths=[16]}", microbatch, "budget.train=\"3step\""}});
    run.run();
    std::vector<at::Tensor> values;
    for (const NamedTensor& p : run.trainer().model().parameters()) values.push_back(p.value.detach().clone());
    return values;
  };
  std::vector<at::Tensor> whole = parameters("batch.microbatch=0"), parts = parameters("batch.microbatch=7");
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_TRUE(whole[i].allclose(parts[i], 1e-4, 1e-5)) << i;
}

}  // namespace
}  // namespace hasten
