// Filters and likeness on a small catalogue of our own.
#include "hasten/spec/method_views.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hasten {
namespace {

MethodSpec method(std::string name, Component component, std::vector<Verb> verbs, Factor saves, std::vector<Use> uses,
                  Effects effects) {
  MethodSpec spec;
  spec.name = std::move(name);
  spec.component = component;
  spec.verbs = std::move(verbs);
  spec.saves = saves;
  spec.uses = std::move(uses);
  spec.effects = effects;
  return spec;
}

Catalogue catalogue() {
  MethodSpec mix = method("mix", Component::kDerivedData, {Verb::kRetrofit}, Factor::kIterations,
                          {{Seam::kBatchTransform, Phase::kMix}}, kInputs | kTargets);
  MethodSpec paste = method("paste", Component::kDerivedData, {Verb::kRetrofit, Verb::kRemove}, Factor::kIterations,
                            {{Seam::kBatchTransform, Phase::kMix}}, kInputs | kTargets);
  MethodSpec shrink = method("shrink", Component::kDerivedData, {Verb::kRemove}, Factor::kIterationCost,
                             {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}}, kInputs);
  MethodSpec average = method("average", Component::kAlgorithm, {Verb::kRetrofit}, Factor::kBoth,
                              {{Seam::kWeightProvider, Phase::kAverage}}, kEvaluation);
  average.families = {"resnet"};
  shrink.relieves = {Bottleneck::kCompute};
  return Catalogue({mix, paste, shrink, average});
}

std::vector<std::string> names(const std::vector<const MethodSpec*>& methods) {
  std::vector<std::string> out;
  for (const MethodSpec* spec : methods) out.push_back(spec->name);
  return out;
}
using Names = std::vector<std::string>;

TEST(MethodViewsTest, Filters) {
  const Catalogue all = catalogue();
  EXPECT_EQ(names(methods_where(all, {})), (Names{"average", "mix", "paste", "shrink"}));
  EXPECT_EQ(names(methods_in(all, Component::kDerivedData, Verb::kRemove)), (Names{"paste", "shrink"}));
  MethodFilter filter;
  filter.saves = Factor::kIterationCost;  // both factors count, too
  EXPECT_EQ(names(methods_where(all, filter)), (Names{"average", "shrink"}));
  filter = {};
  filter.family = "gpt";  // no list of families means all of them
  EXPECT_EQ(names(methods_where(all, filter)), (Names{"mix", "paste", "shrink"}));
  filter = {};
  filter.relieves = Bottleneck::kCompute;
  EXPECT_EQ(names(methods_where(all, filter)), (Names{"shrink"}));
}

TEST(MethodViewsTest, TheClosestComesFirstWithItsReasons) {
  const Catalogue all = catalogue();
  const std::vector<Likeness> found = similar_methods(all, *all.find("paste"), 5);
  ASSERT_EQ(found.size(), 2);  // the average shares nothing
  EXPECT_EQ(found[0].method->name, "mix");
  EXPECT_EQ(found[0].reasons, (Names{"cell derived_data x retrofit", "act at batch_transform", "change inputs, targets",
                                     "save iterations"}));
  EXPECT_EQ(found[1].method->name, "shrink");
  EXPECT_GT(found[0].weight, found[1].weight);
  EXPECT_EQ(similar_methods(all, *all.find("paste"), 1).size(), 1);
  EXPECT_TRUE(similar_methods(all, *all.find("average"), 5).empty());
}

// As for the filter: what saves both factors shares either.
TEST(MethodViewsTest, BothFactorsAreLikeEither) {
  const Catalogue all({method("both", Component::kAlgorithm, {Verb::kRemove}, Factor::kBoth, {}, kNoEffect),
                       method("cost", Component::kAlgorithm, {Verb::kRemove}, Factor::kIterationCost, {}, kNoEffect),
                       method("none", Component::kAlgorithm, {Verb::kRemove}, Factor::kNone, {}, kNoEffect)});
  const std::vector<Likeness> found = similar_methods(all, *all.find("both"), 5);
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].reasons, (Names{"cell algorithm x remove", "save cost per iteration"}));
  EXPECT_EQ(found[1].reasons, (Names{"cell algorithm x remove"}));
}

TEST(MethodViewsTest, KnowsWhatNoRecipeCanHave) {
  MethodSpec ema = method("ema", Component::kAlgorithm, {Verb::kRetrofit}, Factor::kIterations,
                          {{Site::plan(), Phase::kObserve}, {Seam::kWeightProvider, Phase::kAverage}}, kEvaluation);
  MethodSpec swa = ema;
  swa.name = "swa";
  MethodSpec crop = method("crop", Component::kDerivedData, {Verb::kRemove}, Factor::kIterationCost,
                           {{Site::plan(), Phase::kObserve}, {Seam::kBatchTransform, Phase::kGeometry}}, kInputs);
  crop.needs = kImages;
  crop.conflicts = {"ema"};
  MethodSpec rotary = method("rotary", Component::kArchitecture, {Verb::kReplace}, Factor::kIterations, {}, kPlanModel);
  rotary.families = {"gpt"};
  MethodSpec norm = rotary;
  norm.name = "norm";
  norm.families = {"gpt", "vit"};
  MethodSpec depth = rotary;
  depth.name = "depth";
  depth.families = {"resnet"};
  EXPECT_EQ(why_not_both(ema, swa), "both stand on the exclusive seam weight_provider");
  EXPECT_EQ(why_not_both(ema, crop), "declared to conflict");
  EXPECT_EQ(why_not_both(crop, ema), "declared to conflict");
  EXPECT_EQ(why_not_both(crop, rotary), "one needs what texts lack, the other reads text");
  EXPECT_EQ(why_not_both(crop, norm), "");  // a vit
  EXPECT_EQ(why_not_both(crop, swa), "");
  EXPECT_EQ(why_not_both(rotary, depth), "no family of models takes both");
  const auto conflicts = conflicts_of(Catalogue({ema, swa, crop, rotary, norm, depth}), rotary);
  ASSERT_EQ(conflicts.size(), 2);
  EXPECT_EQ(conflicts.at("no family of models takes both"), Names{"depth"});
  EXPECT_EQ(conflicts.at("one needs what texts lack, the other reads text"), Names{"crop"});
}

}  // namespace
}  // namespace hasten
