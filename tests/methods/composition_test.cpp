// Methods together: random sets of two to six, drawn with a fixed seed, train and resume bit for bit, or are refused for
// a reason that the user can act on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/methods/registry.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/conformance_run.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

constexpr int kSets = 300, kShards = 6;

// What some method or other needs of a recipe is there for all: flips and shifts to replace, decoupled decay, blocks
// that repeat, images of any size.
Json model_of(const std::string& family) {
  if (family == "resnet") return {{"family", family}, {"stages", {3, 1}}, {"width", 8}};
  if (family == "gpt")
    return {{"family", family}, {"layers", 2}, {"width", 16}, {"heads", 2}, {"dropout", 0.1}, {"tied", false}};
  return {{"family", family}, {"widths", {8, 8}},     {"convs_per_group", 2},
          {"norm", true},     {"readout", "average"}, {"dropout", 0.1}};
}

Json common_recipe(const std::string& family) {
  const bool text = family == "gpt";
  const Json images = {{"samples", 192}, {"test_samples", 32}, {"flip", "random"}, {"translate", 1}},
             tokens = {{"tokens", 192 * 16 + 1}, {"test_tokens", 32 * 16 + 1}, {"context", 16}};
  return {
      {"workload",
       {{"dataset", text ? "synthetic-text" : "synthetic"}, {"metric", text ? "test/loss" : "test/accuracy"}}},
      {"model", model_of(family)},
      {"optimizer", {{"name", "sgd"}, {"lr", 0.02}, {"nesterov", true}, {"weight_decay", 0.01}, {"decoupled", true}}},
      {"schedule", {{"lr", "linear"}}},
      {"data", text ? tokens : images},
      {"batch", {{"size", 16}}},
      {"evaluation", {{"every", "7step"}}},
      {"checkpoint", {{"every", "3step"}}},
      {"budget", {{"train", "2ep"}}}};
}

struct Drawn {
  std::vector<std::string> methods;
  Json recipe;
};

bool suits(const MethodSpec& spec, const std::string& family) {
  const bool takes =
      spec.families.empty() || std::find(spec.families.begin(), spec.families.end(), family) != spec.families.end();
  return takes && (family != "gpt" || spec.needs == kNothing);
}

Drawn draw(int set) {
  static const std::vector<MethodEntry> entries = method_entries();
  RandomStream random(2026, operation("composition"), 0, static_cast<uint64_t>(set));
  const std::array<std::string, 3> families{"convnet", "resnet", "gpt"};
  const std::string& family = families[random.below(families.size())];
  Drawn drawn{{}, common_recipe(family)};
  const size_t count = 2 + random.below(5);
  RecipeEdits edits;
  while (drawn.methods.size() < count) {
    const MethodSpec& spec = entries[random.below(entries.size())].spec;
    if (std::find(drawn.methods.begin(), drawn.methods.end(), spec.name) != drawn.methods.end()) continue;
    // One in ten that does not suit the model is drawn all the same.
    if (!suits(spec, family) && random.below(10) > 0) continue;
    drawn.methods.push_back(spec.name);
    std::string settings;
    for (const Setting& setting : spec.conformance) {
      if (setting.parameter.find('.') != std::string::npos) continue;
      settings += (settings.empty() ? "" : ", ") + setting.parameter + "=" + setting.toml;
    }
    edits.with.push_back(spec.name + "(" + settings + ")");
  }
  apply_edits(drawn.recipe, edits);
  return drawn;
}

// Whether a refusal names a conflict, an exclusive place, or a model that a method cannot take.
bool cites_a_reason(const std::string& message) {
  for (const char* reason : {"beside it, got both", "exclusive seam", "exclusive schedule", "a model of the family",
                             "image data", "one class a sample", "in which the method changes something",
                             "model with convolutions", "augmentation in the recipe"}) {
    if (message.find(reason) != std::string::npos) return true;
  }
  return false;
}

class SlowCompositionTest : public ::testing::TestWithParam<int> {};

TEST_P(SlowCompositionTest, TrainsAndResumesOrSaysWhyNot) {
  int trained = 0;
  for (int set = GetParam(); set < kSets; set += kShards) {
    const Drawn drawn = draw(set);
    SCOPED_TRACE(cat("set ", set, ": ", join(drawn.methods, " "), " on ", drawn.recipe["model"]["family"].dump()));
    testing::TemporaryDirectory scratch;
    ConformanceRunner runner(method_entries(), scratch.path());
    try {
      runner.plan(drawn.recipe);
    } catch (const ConfigError& error) {
      EXPECT_TRUE(cites_a_reason(error.what())) << error.what();
      continue;
    }
    ++trained;
    RunOutcome whole = runner.run(drawn.recipe);
    EXPECT_EQ(whole.status, evaluate::Status::kOk);
    EXPECT_TRUE(whole.finite);
    RunOutcome resumed = runner.run_interrupted(drawn.recipe, 1);
    EXPECT_EQ(difference(whole.state, resumed.state), "") << "interrupted at step " << resumed.interrupted_at;
  }
  EXPECT_GE(trained, kSets / kShards * 6 / 10);
}
INSTANTIATE_TEST_SUITE_P(Shards, SlowCompositionTest, ::testing::Range(0, kShards));

}  // namespace
}  // namespace hasten
