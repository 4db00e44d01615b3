// Every registered method against the contract, and four broken ones that the checks must catch.
#include "hasten/study/conformance.h"

#include <gtest/gtest.h>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include "hasten/data/batch.h"
#include "hasten/data/transform.h"
#include "hasten/methods/registry.h"
#include "hasten/nn/model.h"
#include "hasten/train/test_run.h"
#include "tests/methods/all_methods.h"

namespace hasten {
namespace {

using Result = ConformanceCheck::Result;

const auto* const kOneThread = ::testing::AddGlobalTestEnvironment(new testing::OneThread);

class ConformanceTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ConformanceTest, Holds) {
  testing::TemporaryDirectory scratch;
  for (const ConformanceCheck& check : check_conformance(method_entries(), GetParam(), scratch.path())) {
    EXPECT_NE(check.result, Result::kFailed) << GetParam() << ", " << check.name << ": " << check.detail;
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, ConformanceTest, ::testing::ValuesIn(testing::method_names()),
                         [](const auto& info) { return info.param; });

// What a broken method says of itself; each differs in `name`, uses and effects.
struct BrokenParams {
  double amount = 0.5;
  static constexpr auto schema() { return std::tuple{field("amount", &BrokenParams::amount, {0, 1}, "how broken")}; }
};

MethodSpec broken_spec(const char* name, std::vector<Use> uses, Effects effects) {
  MethodSpec spec;
  spec.name = name;
  spec.summary = "broken on purpose";
  spec.maths = "wrong";
  spec.verbs = {Verb::kReplace};
  spec.saves = Factor::kIterations;
  spec.cite = "none";
  spec.uses = std::move(uses);
  spec.effects = effects;
  spec.neutral = exact("amount", 0);
  spec.conformance = {{"amount", "0.5"}};
  spec.params = describe<BrokenParams>();
  return spec;
}

template <class Broken>
std::unique_ptr<Method> make_broken(const BrokenParams& params) {
  return std::make_unique<Broken>(params);
}

// The checks that fail for the method, by name.
std::map<std::string, std::string> failures(const MethodEntry& entry) {
  testing::TemporaryDirectory scratch;
  std::map<std::string, std::string> found;
  for (const ConformanceCheck& check : check_conformance({entry}, entry.spec.name, scratch.path())) {
    if (check.result == Result::kFailed) found[check.name] = check.detail;
  }
  return found;
}

// Declares that it looks at gradients, and shrinks weights.
class UndeclaredEffect final : public MethodOf<BrokenParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State& state) override {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& entry : state.model.parameters()) {
      entry.value.grad().mul_(1 - 0.1 * params_.amount);
      entry.value.mul_(1 - 1e-3 * params_.amount);
    }
  }
  void state(StateVisitor&) override {}
};

TEST(BrokenMethodTest, AnUndeclaredEffectIsCaughtAndNamed) {
  auto found = failures({broken_spec("undeclared_effect", {{Event::kGradientsReady, Phase::kGradient}}, kGradients),
                         make_broken<UndeclaredEffect>});
  ASSERT_EQ(found.size(), 1u) << "only the effects are wrong with it";
  EXPECT_NE(found["effects"].find("parameters"), std::string::npos) << found["effects"];
  EXPECT_NE(found["effects"].find("GradientsReady"), std::string::npos) << found["effects"];
}

// Counts its calls, acts by the count, and does not enumerate it.
class LostState final : public MethodOf<BrokenParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State& state) override {
    const double factor = 1 - params_.amount * static_cast<double>(++calls_ % 3) / 3;
    for (const NamedTensor& entry : state.model.parameters()) entry.value.grad().mul_(factor);
  }
  void state(StateVisitor&) override {}

 private:
  int64_t calls_ = 0;
};

TEST(BrokenMethodTest, LostStateIsCaught) {
  auto found = failures(
      {broken_spec("lost_state", {{Event::kGradientsReady, Phase::kGradient}}, kGradients), make_broken<LostState>});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found["resume"].find("differs in model/"), std::string::npos) << found["resume"];
}

class NoOp final : public MethodOf<BrokenParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override {}
  void state(StateVisitor&) override {}
};

TEST(BrokenMethodTest, ANoOpIsCaught) {
  auto found =
      failures({broken_spec("no_op", {{Event::kGradientsReady, Phase::kGradient}}, kGradients), make_broken<NoOp>});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found.contains("acts"));
}

// Mixes each sample with the next one of its microbatch, as some do at the forward pass.
class MixesWithinMicrobatch final : public MethodOf<BrokenParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State& state) override {
    at::Tensor& inputs = state.microbatch->inputs;
    inputs = channels_last(inputs.mul(1 - 0.5 * params_.amount).add(inputs.roll(1, 0), 0.5 * params_.amount));
  }
  void state(StateVisitor&) override {}
};

TEST(BrokenMethodTest, DependenceOnTheMicrobatchIsCaught) {
  auto found = failures({broken_spec("mixes_within_microbatch", {{Event::kBeforeForward, Phase::kMix}}, kInputs),
                         make_broken<MixesWithinMicrobatch>});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found["microbatch"].find("gradients of step 0"), std::string::npos) << found["microbatch"];
}

}  // namespace
}  // namespace hasten
