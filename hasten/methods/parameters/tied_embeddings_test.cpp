// tied_embeddings: one matrix instead of two.
#include "hasten/methods/parameters/tied_embeddings.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {tied_embeddings_spec(), make_tied_embeddings}; }

TEST(TiedEmbeddingsTest, TheOutputMatrixIsTheTable) {
  const Json settings = {{"name", "tied_embeddings"}};
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe(settings, {{"tied", false}}));
  EXPECT_EQ(planned.run.plan.model.blocks.back().layers[1].parameters[0].same_as, "stem.embedding.weight");
  const ModelPlan apart = baseline_plan(planned.recipe).model;
  EXPECT_EQ(apart.parameter_count() - planned.run.plan.model.parameter_count(), 12 * 16);
}

TEST(TiedEmbeddingsTest, RefusedWhereTheyAreTied) {
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe({{"name", "tied_embeddings"}})),
            "method.tied_embeddings");
}

}  // namespace
}  // namespace hasten
