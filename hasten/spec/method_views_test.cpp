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

}  // namespace
}  // namespace hasten
