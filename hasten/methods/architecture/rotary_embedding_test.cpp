// rotary_embedding: learned positions go, attention turns.
#include "hasten/methods/architecture/rotary_embedding.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/attention.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

MethodEntry entry() { return {rotary_embedding_spec(), make_rotary_embedding}; }

TEST(RotaryEmbeddingTest, ReplacesLearnedPositions) {
  const auto planned =
      testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "rotary_embedding"}, {"base", 100}}));
  EXPECT_TRUE(testing::layers_of<PositionEmbedding>(planned).empty());
  const auto layers = testing::layers_of<SelfAttention>(planned);
  ASSERT_EQ(layers.size(), 3U);
  for (const SelfAttention& attention : layers) {
    EXPECT_TRUE(attention.rotary);
    EXPECT_EQ(attention.rotary_base, 100);
  }
}

TEST(RotaryEmbeddingTest, RefusedWhereNothingIsLeftToTurn) {
  const Json settings = {{"name", "rotary_embedding"}};
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe(settings, {{"positions", "rotary"}})),
            "method.rotary_embedding");
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe(settings, {{"width", 6}})), "model.heads");  // 3 a head
}

}  // namespace
}  // namespace hasten
