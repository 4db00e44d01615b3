// Ablations, with runs that only pretend: which runs there are, and who gets more seeds.
#include "hasten/study/ablate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/core/method.h"
#include "hasten/core/registry.h"
#include "hasten/evaluate/record_io.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBase = R"(
name = "base"
[workload]
dataset = "synthetic"
[model]
family = "mlp"
[optimizer]
name = "sgd"
lr = 0.1
[batch]
size = 50
[budget]
train = "9s"
)";

// Methods that do nothing, each with a number to set.
struct IdleParams {
  double amount = 1;
  static constexpr auto schema() { return std::tuple{field("amount", &IdleParams::amount, {0, 10}, "does nothing")}; }
};
class Idle final : public MethodOf<IdleParams> {
 public:
  using MethodOf::MethodOf;
  void state(StateVisitor&) override {}
};
std::unique_ptr<Method> make_idle(const IdleParams& params) { return std::make_unique<Idle>(params); }
MethodEntry idle(const std::string& name) {
  MethodSpec spec;
  spec.name = name;
  spec.summary = "nothing";
  spec.params = describe<IdleParams>();
  return {std::move(spec), &make_idle};
}
const Registry& idle_methods() {
  static const Registry registry{{idle("good"), idle("slight"), idle("hidden")}};
  return registry;
}

class AblateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ablate_test_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write_file_atomic(folder_ / "base.toml", kBase);
    options_.recipe = folder_ / "base.toml";
    options_.add = {"good", "slight", "hidden vs good(amount=3)"};
    options_.out = folder_ / "out";
    options_.margin = 0.001;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Quality by group, with the same noise for all.
  AblateResult run(const AblateOptions& options) {
    const std::map<std::string, double> quality{{"baseline", 0.9},
                                                {"with-good", 0.95},
                                                {"with-slight", 0.9055},
                                                {"with-hidden", 0.92},
                                                {"control-of-hidden", 0.9135}};
    const AblatePlan plan = plan_ablate(options, idle_methods());
    const auto pretend = [&](const RunRequest& request) {
      constexpr double kNoise[] = {-0.004, 0.004, 0};
      launched_[request.group].push_back(request.seed);
      evaluate::Run run;
      run.record.id = request.out.string();
      run.record.group = request.group;
      run.record.role = request.role;
      run.record.metric.name = "accuracy";
      run.record.metric.split = "test";
      run.record.status = evaluate::Status::kOk;
      run.record.executed.train_s = 9;
      run.record.planned.text = "9s";
      run.record.seed = static_cast<int64_t>(request.seed);
      evaluate::write_run_record(request.out, run.record);
      evaluate::EventLog log(request.out);
      evaluate::EventRecord event;
      event.step = 1;
      event.t_train = 9;
      event.metrics.push_back({"accuracy", "test", quality.at(request.group) + kNoise[request.seed % 3], "raw"});
      log.append(event);
      return RunEnd::kFinished;
    };
    const AblateResult result = run_ablate(plan, pretend, [](const RunRequest&, RunEnd, size_t, size_t) {});
    judged_ = judge_runs(plan, result.runs).ablation;
    return result;
  }

  fs::path folder_;
  AblateOptions options_;
  std::map<std::string, std::vector<uint64_t>> launched_;
  evaluate::Ablation judged_;
};

using Seeds = std::vector<uint64_t>;

TEST_F(AblateTest, EverySideHasEverySeedAndTheBaselineMore) {
  EXPECT_EQ(run(options_).runs.size(), 4 * 3 + 2 * 3);
  EXPECT_EQ(launched_.at("with-good"), (Seeds{0, 1, 2}));
  EXPECT_EQ(launched_.at("control-of-hidden"), (Seeds{0, 1, 2}));
  EXPECT_EQ(launched_.at("baseline").size(), 6);
  EXPECT_EQ(judged_.options.confidence, 0.95);
}

TEST_F(AblateTest, ControlsAreComparedWithTheirMethodAlone) {
  run(options_);
  std::vector<std::string> words;
  for (const evaluate::Effect& effect : judged_.effects) words.push_back(effect.arm.group + "|" + effect.arm.control);
  EXPECT_EQ(words,
            (std::vector<std::string>{"with-good|", "with-slight|", "with-hidden|", "with-hidden|good(amount=3)"}));
  EXPECT_NEAR(judged_.effects[2].quality->difference, 0.02, 1e-9);
  EXPECT_NEAR(judged_.effects[3].quality->difference, 0.0065, 1e-9);
}

TEST_F(AblateTest, FurtherSeedsWhereTheyDecide) {
  options_.further_seeds = {3, 4, 5};
  run(options_);
  EXPECT_EQ(launched_.at("with-good"), (Seeds{0, 1, 2}));  // decided
  EXPECT_EQ(launched_.at("with-slight").size(), 6);
  EXPECT_EQ(launched_.at("with-hidden").size(), 6);  // open against its control
  EXPECT_EQ(launched_.at("control-of-hidden").size(), 6);
  EXPECT_EQ(launched_.at("baseline").size(), 6 + 2 * 3);
  Seeds baseline = launched_.at("baseline");
  std::sort(baseline.begin(), baseline.end());
  EXPECT_EQ(std::adjacent_find(baseline.begin(), baseline.end()), baseline.end()) << "no run twice";
  EXPECT_EQ(judged_.options.confidence, evaluate::kConfidenceOfTwoLooks);
  EXPECT_EQ(judged_.effects[1].verdict, evaluate::Verdict::kHelps) << judged_.effects[1].reason;
  EXPECT_EQ(judged_.effects[1].runs, 6);
  // It goes on to the same end, and trains nothing again.
  launched_.clear();
  options_.resume = true;
  EXPECT_EQ(run(options_).runs.size(), 3 + 3 * 6 + 12);
  EXPECT_TRUE(launched_.empty());
  // One look cannot be made two afterwards.
  options_.further_seeds.clear();
  EXPECT_THROW(run(options_), ConfigError);
}

}  // namespace
}  // namespace hasten
