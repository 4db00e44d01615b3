// magnitude_pruning in whole runs: as sparse as asked for at the end, and resumed with its masks.
#include <gtest/gtest.h>

#include "hasten/study/conformance_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

// What a method saves, by name.
class SavedTensors final : public StateVisitor {
 public:
  bool loading() const override { return false; }
  std::map<std::string, at::Tensor> found;

 private:
  void on_tensor(const std::string& name, at::Tensor& value) override { found[name] = value; }
  void on_integer(const std::string&, int64_t&) override {}
  void on_number(const std::string&, double&) override {}
  void on_text(const std::string&, std::string&) override {}
  void on_integers(const std::string&, std::vector<int64_t>&) override {}
};

TEST(MagnitudePruningRunTest, TheLastEvaluationIsAsSparseAsAskedFor) {
  testing::MethodRun run({{"magnitude_pruning(sparsity=0.75, start=0.2, end=1, interval=3)"}, {}, {}});
  run.run();
  SavedTensors saved;
  run.trainer().enumerate_state(saved);
  int masks = 0;
  for (const auto& [name, value] : saved.found) {
    if (name.find("magnitude_pruning/mask") == std::string::npos) continue;
    EXPECT_NEAR(value.mean().item<double>(), 0.25, 1e-6) << name;
    ++masks;
  }
  EXPECT_EQ(masks, 1);
}

TEST(MagnitudePruningRunTest, ResumesAfterOthersCutItsLayers) {
  testing::TemporaryDirectory scratch;
  ConformanceRunner runner(method_entries(), scratch.path());
  for (const char* scope : {"layer", "global"}) {
    Json document = testing::small_recipe();
    apply_edits(document,
                {{"magnitude_pruning(sparsity=0.5, start=0, end=0.8, interval=2, first_and_last=true, scope=\"" +
                      std::string(scope) + "\")",
                  "channel_pruning(threshold=0.8, interval=0.3, minimum=2)"},
                 {},
                 {}});
    RunOutcome whole = runner.run(document);
    EXPECT_TRUE(whole.finite);
    for (int64_t evaluations : {1, 3})
      EXPECT_EQ(difference(whole.state, runner.run_interrupted(document, evaluations).state), "") << scope;
  }
}

}  // namespace
}  // namespace hasten
