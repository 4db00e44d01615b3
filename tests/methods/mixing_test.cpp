// mixup and cutmix in whole runs: what is mixed is the batch of the step, however it is cut and however often it is passed.
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "hasten/base/text.h"
#include "hasten/core/loss_term.h"
#include "hasten/data/batch.h"
#include "method_run.h"

namespace hasten {
namespace {

// What a forward pass was given.
struct SeenPass {
  int64_t step = 0;
  bool extra = false;
  at::Tensor inputs, targets;
};
std::vector<SeenPass>& seen_passes() {
  static std::vector<SeenPass> passes;
  return passes;
}

struct RecorderParams {
  static constexpr auto schema() { return std::tuple{}; }
};
// Loss terms are called in every pass, extra ones included.
class Recorder final : public MethodOf<RecorderParams>, public LossTerm {
 public:
  using MethodOf::MethodOf;
  void apply(at::Tensor&, State& state) override {
    const Batch& part = *state.microbatch;
    seen_passes().push_back(
        {state.progress.step, state.extra_pass, part.inputs.clone(), part.soft_targets(10).clone()});
  }
  void state(StateVisitor&) override {}
};
std::unique_ptr<Method> make_recorder(const RecorderParams& params) { return std::make_unique<Recorder>(params); }

MethodEntry recorder_entry() {
  MethodSpec spec;
  spec.name = "recorder";
  spec.uses = {{Seam::kLossTerm, Phase::kObserve}};
  spec.neutral = no_neutral("it changes nothing");
  spec.params = describe<RecorderParams>();
  return {std::move(spec), make_recorder};
}

// The passes of a run with these edits and the recorder.
std::vector<SeenPass> passes_of(RecipeEdits edits) {
  std::vector<MethodEntry> entries = method_entries();
  entries.push_back(recorder_entry());
  const Registry registry(std::move(entries));
  edits.with.emplace_back("recorder");
  Json document = testing::small_recipe();
  apply_edits(document, edits);
  testing::TemporaryDirectory dir;
  TrainOptions options;
  options.out = dir.path() / "run";
  options.seed = 3;
  seen_passes().clear();
  Trainer(recipe_from_json(document, registry.catalogue()), registry, options).run();
  return std::move(seen_passes());
}

class MixingRunTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Methods, MixingRunTest, ::testing::Values("mixup(alpha=1.0)", "cutmix"),
                         [](const auto& info) { return split(info.param, '(')[0]; });

TEST_P(MixingRunTest, MicrobatchesOfOneSampleSeeTheSameMixtures) {
  const std::vector<std::string> short_run{"budget.train=\"4step\"", "model.norm=false", "model.dropout=0.0"};
  RecipeEdits whole{.with = {GetParam()}, .without = {}, .set = short_run}, cut = whole;
  cut.set.emplace_back("batch.microbatch=1");
  const std::vector<SeenPass> one = passes_of(whole), many = passes_of(cut);
  ASSERT_EQ(one.size(), 4u);
  ASSERT_EQ(many.size(), 4u * 32);
  int mixed = 0;
  for (size_t step = 0; step < 4; ++step) {
    std::vector<at::Tensor> inputs, targets;
    for (size_t i = 0; i < 32; ++i) {
      inputs.push_back(many[step * 32 + i].inputs);
      targets.push_back(many[step * 32 + i].targets);
    }
    EXPECT_TRUE(at::equal(at::cat(inputs), one[step].inputs)) << step;
    EXPECT_TRUE(at::equal(at::cat(targets), one[step].targets)) << step;
    mixed += one[step].targets.amax(1).lt(1).any().item<bool>() ? 1 : 0;
  }
  EXPECT_GT(mixed, 2);
}

TEST_P(MixingRunTest, BothGradientsOfASharpnessStepAreOfTheSameMixture) {
  const std::vector<SeenPass> passes =
      passes_of({.with = {GetParam(), "sam"}, .without = {}, .set = {"budget.train=\"6step\""}});
  ASSERT_EQ(passes.size(), 12u);
  for (size_t i = 0; i < passes.size(); i += 2) {
    EXPECT_EQ(passes[i].step, passes[i + 1].step);
    EXPECT_NE(passes[i].extra, passes[i + 1].extra);
    EXPECT_TRUE(at::equal(passes[i].inputs, passes[i + 1].inputs)) << passes[i].step;
    EXPECT_TRUE(at::equal(passes[i].targets, passes[i + 1].targets)) << passes[i].step;
  }
  EXPECT_FALSE(at::equal(passes[0].targets, passes[2].targets));
}

}  // namespace
}  // namespace hasten
