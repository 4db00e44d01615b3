// Changes that a diagnosis weighs: those that the recipe and its loader allow.
#include "hasten/study/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/test_images.h"
#include "hasten/train/test_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

using ::testing::Contains;
using ::testing::Not;

EditRecipe editing(const Json& document) {
  return [document](const RecipeEdits& edits) {
    Json edited = document;
    apply_edits(edited, edits);
    return recipe_from_json(edited, testing::all_methods().catalogue());
  };
}

std::vector<diagnose::Candidate> candidates_with(const Json& document, const diagnose::Measurements& measurements) {
  const EditRecipe edit = editing(document);
  return candidates_for(edit({}), edit, testing::all_methods(), diagnose::diagnose(measurements), measurements.facts,
                        {});
}

std::vector<std::string> candidates_of(const Json& document) {
  std::vector<std::string> names;
  for (const diagnose::Candidate& one :
       candidates_with(document, diagnose::test::measured(diagnose::test::quiet(), diagnose::test::quiet_loader()))) {
    if (!one.there && one.unweighed.empty()) names.push_back(one.name);
  }
  return names;
}

TEST(CandidatesTest, WhatTheLoadersThreadsCannotComeBeforeIsNone) {
  const testing::TemporaryDirectory folder;
  testing::write_images(folder.path() / "images", 32, 16);
  Json recipe = testing::small_recipe();
  recipe["workload"] = {{"dataset", "images"}, {"metric", "test/accuracy"}};
  recipe["data"] = {{"path", (folder.path() / "images").string()}};
  recipe["loader"] = {{"residence", "stream"}, {"augment", "batch"}};
  recipe["batch"] = {{"size", 8}};
  recipe["model"] = {{"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"readout", "average"}};
  recipe["method"] = {{{"name", "augmix"}}};
  EXPECT_THAT(candidates_of(recipe), Contains("progressive_resizing"));
  recipe["loader"]["augment"] = "sample";
  EXPECT_THAT(candidates_of(recipe), Contains("layer_freezing"));
  EXPECT_THAT(candidates_of(recipe), Not(Contains("progressive_resizing")))
      << "batches would be resized before samples are mixed";
}

// 25 ms of decoding beside 10 ms of training, of a ResNet with what Composer's cards warn of by hand ("potential CPU
// bottleneck"): augmentations, stochastic depth and resizing.
TEST(CandidatesTest, ALoaderBoundRunIsToldWhatWillNotHelp) {
  Json recipe = testing::small_recipe();
  recipe["model"] = {{"family", "resnet"}, {"stages", {2, 2}}, {"width", 8}};
  recipe["method"] = {{{"name", "label_smoothing"}}};
  using E = diagnose::Experiment;
  const diagnose::Measurements measurements = diagnose::test::measured(
      diagnose::test::with(diagnose::test::quiet(), {{E::kFull, 25}, {E::kDrain, 25}, {E::kCached, 25}}),
      diagnose::test::busy_ms(
          {{diagnose::Part::kFetch, 2}, {diagnose::Part::kDecode, 18}, {diagnose::Part::kAugment, 5}}));
  const diagnose::Advice advice =
      diagnose::advise(diagnose::diagnose(measurements), candidates_with(recipe, measurements),
                       testing::all_methods().catalogue().all());
  const auto names = [](const std::vector<diagnose::NoHelp>& list) {
    std::vector<std::string> out;
    for (const diagnose::NoHelp& one : list) out.push_back(one.name);
    return out;
  };
  for (const char* name : {"stochastic_depth", "progressive_resizing"})
    EXPECT_THAT(names(advice.not_here), Contains(name));
  for (const char* name : {"augmix", "rand_augment", "colour_jitter", "trivial_augment", "mixup", "cutmix", "cutout"})
    EXPECT_THAT(names(advice.makes_worse), Contains(name));
  EXPECT_THAT(advice.fewer_steps, Not(Contains("label_smoothing"))) << "it is there";
}

// Of a step of 10 ms, 2 is work on samples, 2 is starting operators and 6 is the update.
TEST(CandidatesTest, FreezingSavesGradientsTheirStartsAndTheUpdate) {
  Json recipe = testing::small_recipe();
  recipe["model"] = {{"family", "mlp"}, {"widths", {64, 16}}};
  using E = diagnose::Experiment;
  const auto found = candidates_with(recipe, diagnose::test::measured(diagnose::test::with(
                                                 diagnose::test::quiet(), {{E::kForwardBackward, 4}, {E::kTiny, 8}})));
  const auto freezing =
      std::find_if(found.begin(), found.end(), [](const auto& one) { return one.name == "layer_freezing"; });
  ASSERT_NE(freezing, found.end());
  // The first block is frozen after half of the steps and the second after three quarters.
  const auto mean = [](double all, double one_frozen, double two_frozen) {
    return 0.5 * all + 0.25 * one_frozen + 0.25 * two_frozen;
  };
  const double in = 12 * 12, first = in * 64, second = 64 * 16, last = 16 * 10;
  const double forward = first + second + last, backward = forward + second + last;
  const double flops = (forward + mean(backward, second + 2 * last, last)) / (forward + backward);
  // Gradients: weights, activation; input, weights, activation; input, weights.
  const double starts = (1 + 2 * mean(7, 4, 1) / 7) / 3;
  const double e0 = first + 64, e1 = second + 16, e2 = last + 10;
  const double updated = mean(e0 + e1 + e2, e1 + e2, e2) / (e0 + e1 + e2);
  EXPECT_NEAR(freezing->effect[diagnose::Part::kCompute], (2 * flops + 2 * starts + 6 * updated) / 10, 1e-9);
}

}  // namespace
}  // namespace hasten
