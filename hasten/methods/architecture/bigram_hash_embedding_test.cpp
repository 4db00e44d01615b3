// bigram_hash_embedding: rows for pairs.
#include "hasten/methods/architecture/bigram_hash_embedding.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/nn/sequence_modules.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

MethodEntry entry() { return {bigram_hash_embedding_spec(), make_bigram_hash_embedding}; }

int64_t rows_for(const Json& settings) {
  Json all = {{"name", "bigram_hash_embedding"}};
  all.update(settings);
  return testing::layers_of<Embedding>(testing::plan_recipe_with(entry(), testing::text_recipe(all))).at(0).pairs;
}

TEST(BigramHashEmbeddingTest, OneRowAPairUnlessFewerAreAskedFor) {
  EXPECT_EQ(rows_for(Json::object()), 12 * 13);
  EXPECT_EQ(rows_for({{"rows", 50}}), 50);
  EXPECT_EQ(rows_for({{"rows", 5000}}), 12 * 13);
}

// What a token adds depends on it and the one before; with a row a pair, on nothing else.
TEST(BigramHashEmbeddingTest, PairsHaveRowsOfTheirOwn) {
  c10::NoGradGuard no_grad;
  const Embedding plan{3, 4, 12};
  const at::Tensor table = at::zeros({3, 4}),
                   pairs = at::arange(12).to(at::kFloat).unsqueeze(1).expand({12, 4}).contiguous();
  Layer layer{"embedding", plan, {}, {}, {}};
  const auto built = sequence_module(layer, [&](std::string_view name) {
    static const ParameterPlan any{};
    return EffectiveTensor(name == "weight" ? table : pairs, {std::string(name), &any, Part::kStem}, {});
  });
  const at::Tensor out = built->forward(at::tensor({0, 1, 2, 2, 1}, at::kLong).view({1, 5}), {});
  EXPECT_TRUE(at::equal(out.select(2, 0), at::tensor({9.0F, 1.0F, 5.0F, 8.0F, 7.0F}).view({1, 5})));
}

TEST(BigramHashEmbeddingTest, SharedRowsAreWithinTheTable) {
  const Embedding plan{60000, 1, 977};
  const at::Tensor table = at::zeros({60000, 1}), pairs = at::ones({977, 1});
  Layer layer{"embedding", plan, {}, {}, {}};
  const auto built = sequence_module(layer, [&](std::string_view name) {
    static const ParameterPlan any{};
    return EffectiveTensor(name == "weight" ? table : pairs, {std::string(name), &any, Part::kStem}, {});
  });
  EXPECT_EQ(built->forward(at::randint(60000, {4, 500}, at::kLong), {}).sum().item<float>(), 2000);
}

}  // namespace
}  // namespace hasten
