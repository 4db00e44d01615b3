// progressive_augmentation: whose strength grows, and how.
#include "hasten/methods/derived_data/progressive_augmentation.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
Schedule growing_strength(const ProgressiveAugmentationParams& params, double full);
namespace {

// Two augmentations that do nothing but name their strength.
struct PaintParams {
  double amount = 8;
  static constexpr auto schema() { return std::tuple{field("amount", &PaintParams::amount, {0, 100}, "how much")}; }
};
class Paint final : public MethodOf<PaintParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override {}
  void state(StateVisitor&) override {}
};
std::unique_ptr<Method> make_paint(const PaintParams& params) { return std::make_unique<Paint>(params); }

MethodEntry paint_entry() {
  MethodSpec spec;
  spec.name = "paint";
  spec.uses = {{Event::kBatchReady, Phase::kColour}};
  spec.neutral = no_neutral("a test");
  spec.strength = "amount";
  spec.params = describe<PaintParams>();
  return {std::move(spec), make_paint};
}

// A recipe with translation, the augmentation, both or none.
testing::PlannedMethod planned_with(const Json& settings, int64_t translate, bool paint, const Json& schedule = {}) {
  auto registry = std::make_unique<Registry>(
      std::vector<MethodEntry>{{progressive_augmentation_spec(), make_progressive_augmentation}, paint_entry()});
  Json method = {{"name", "progressive_augmentation"}};
  if (!settings.is_null()) method.update(settings);
  Json document = testing::method_recipe(method);
  document["data"]["translate"] = translate;
  if (!schedule.is_null()) document["schedule"] = schedule;
  if (paint) document["method"].push_back({{"name", "paint"}});
  Recipe recipe = recipe_from_json(document, registry->catalogue());
  PlannedRun run = plan_run(recipe, *registry);
  return {std::move(registry), std::move(recipe), std::move(run)};
}

std::string refused_at(const Json& settings, int64_t translate, bool paint, const Json& schedule = {}) {
  try {
    planned_with(settings, translate, paint, schedule);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

TEST(ProgressiveAugmentationTest, GrowsInALine) {
  Schedule strength = growing_strength({.start = 0.25, .until = 0.8}, 8);
  strength.resolve({{4, Unit::kEpoch}, 200, 10}, "test");
  EXPECT_DOUBLE_EQ(strength.at(0), 2);
  EXPECT_DOUBLE_EQ(strength.at(0.4), 5);
  EXPECT_DOUBLE_EQ(strength.at(0.8), 8);
  EXPECT_DOUBLE_EQ(strength.at(1), 8);
}

TEST(ProgressiveAugmentationTest, EveryStrengthOfTheRecipeGrows) {
  auto planned = planned_with({{"start", 0.5}}, 4, true);
  const auto& schedules = planned.run.plan.run.schedules;
  ASSERT_TRUE(schedules.contains("data.translate"));
  ASSERT_TRUE(schedules.contains("method.paint.amount"));
  EXPECT_DOUBLE_EQ(schedules.at("data.translate").at(0), 2);
  EXPECT_DOUBLE_EQ(schedules.at("data.translate").at(1), 4);
  EXPECT_DOUBLE_EQ(schedules.at("method.paint.amount").at(0), 4);
  EXPECT_DOUBLE_EQ(schedules.at("method.paint.amount").at(0.5), 6);
  EXPECT_TRUE(planned.run.baseline.run.schedules.empty());
  EXPECT_FALSE(planned_with({}, 0, true).run.plan.run.schedules.contains("data.translate"));
}

TEST(ProgressiveAugmentationTest, RefusesRecipesInWhichNothingGrows) {
  EXPECT_EQ(refused_at({}, 0, false), "method.progressive_augmentation");
  EXPECT_EQ(refused_at({{"start", 1}}, 4, true), "method.progressive_augmentation.start");
  // Six tenths of a pixel are a pixel: the shift would be 1 from the beginning.
  EXPECT_EQ(refused_at({{"start", 0.6}}, 1, false), "method.progressive_augmentation.start");
  EXPECT_EQ(refused_at({{"start", 0.6}}, 1, true), "");
  EXPECT_EQ(refused_at({{"start", 0.4}}, 1, false), "");
}

TEST(ProgressiveAugmentationTest, RefusesASecondScheduleOfTheSameStrength) {
  EXPECT_EQ(refused_at({}, 4, true, {{"method.paint.amount", 0.5}}), "method.progressive_augmentation");
}

TEST(ProgressiveAugmentationTest, RefusesValuesOutOfRange) {
  EXPECT_EQ(refused_at({{"until", 0}}, 4, false), "method.progressive_augmentation.until");
  EXPECT_EQ(refused_at({{"start", -0.1}}, 4, false), "method.progressive_augmentation.start");
}

}  // namespace
}  // namespace hasten
