// Attention, and decoders as a whole.
#include "hasten/nn/attention_module.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>

#include "hasten/base/json.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/planned_model.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

constexpr int64_t kVocabulary = 11, kContext = 9;

ModelPlan gpt_plan(const Json& settings) {
  DatasetInfo data{"text", {kContext}, kVocabulary, 100, 10};
  data.text = true;
  const FamilySpec& family = find_family("gpt");
  Json all = {{"layers", 2}, {"width", 16}, {"heads", 2}};
  all.update(settings);
  return family.build(family.params->parse(all, "model"), data);
}

at::Tensor tokens(int64_t count = 3) { return at::randint(kVocabulary, {count, kContext}, at::kLong); }

// A layer of 8 features with given matrices.
struct Built {
  explicit Built(SelfAttention plan) {
    for (const char* name : {"query", "key", "value", "output"}) {
      values.emplace(std::string(name) + "_weight", at::randn({8, 8}));
    }
    plan.bias = false;
    layer = attention_module(plan, [this](std::string_view name) {
      const auto found = values.find(std::string(name));
      if (found == values.end()) return EffectiveTensor();
      static const ParameterPlan any{};
      return EffectiveTensor(found->second, {found->first, &any, Part::kBody}, {});
    });
  }
  at::Tensor operator()(const at::Tensor& x) const { return layer->forward(x, {}); }
  std::map<std::string, at::Tensor> values;
  std::unique_ptr<LayerModule> layer;
};

TEST(SelfAttentionTest, IsTheFormula) {
  c10::NoGradGuard no_grad;
  SelfAttention plan;
  plan.heads = 2;
  plan.kernel = AttentionKernel::kExplicit;
  const Built attention(plan);
  const at::Tensor x = at::randn({2, 5, 8}), y = attention(x);
  // The last token of the second sample, by hand.
  const auto project = [&](const char* name) { return x[1].mm(attention.values.at(name).t()); };
  const at::Tensor q = project("query_weight"), k = project("key_weight"), v = project("value_weight");
  std::vector<at::Tensor> heads;
  at::Tensor seen = at::zeros({8});
  for (int64_t head = 0; head < 2; ++head) {
    const auto part = [head](const at::Tensor& t) { return t.narrow(-1, 4 * head, 4); };
    const at::Tensor weights = at::softmax(part(k).mv(part(q[4])).div(2.0), 0);  // sqrt(4)
    seen.narrow(0, 4 * head, 4).copy_(part(v).t().mv(weights));
  }
  EXPECT_TRUE(at::allclose(y[1][4], attention.values.at("output_weight").mv(seen), 1e-5, 1e-5));
  // The first token sees itself alone.
  EXPECT_TRUE(at::allclose(y[1][0], attention.values.at("output_weight").mv(v[0]), 1e-5, 1e-5));
}

TEST(SelfAttentionTest, WithoutAnOrderEveryTokenSeesAll) {
  c10::NoGradGuard no_grad;
  const at::Tensor x = at::randn({2, 5, 8}), turned = x.flip(1);
  for (AttentionKernel kernel : {AttentionKernel::kFused, AttentionKernel::kExplicit}) {
    SelfAttention plan;
    plan.heads = 2;
    plan.causal = false;
    plan.kernel = kernel;
    const Built attention(plan);
    EXPECT_TRUE(at::allclose(attention(turned), attention(x).flip(1), 1e-4, 1e-5)) << "order says nothing";
    // The first token's first head, by hand.
    const auto project = [&](const char* name) { return x[0].mm(attention.values.at(name).t()).narrow(1, 0, 4); };
    const at::Tensor weights = at::softmax(project("key_weight").mv(project("query_weight")[0]).div(2.0), 0);
    at::Tensor identity = attention.values.at("output_weight");
    identity.zero_().fill_diagonal_(1);
    EXPECT_TRUE(at::allclose(attention(x)[0][0].narrow(0, 0, 4), project("value_weight").t().mv(weights), 1e-4, 1e-5));
  }
}

TEST(SelfAttentionTest, KernelsAgreeInValueAndGradient) {
  for (bool rotary : {false, true}) {
    for (bool qk_norm : {false, true}) {
      std::vector<at::Tensor> outputs, gradients;
      for (AttentionKernel kernel : {AttentionKernel::kFused, AttentionKernel::kExplicit}) {
        at::manual_seed(3);
        SelfAttention plan;
        plan.heads = 2;
        plan.rotary = rotary;
        plan.qk_norm = qk_norm;
        plan.kernel = kernel;
        const Built attention(plan);
        const at::Tensor x = at::randn({2, 33, 8}).set_requires_grad(true);
        outputs.push_back(attention(x));
        outputs.back().square().sum().backward();
        gradients.push_back(x.grad());
      }
      EXPECT_TRUE(at::allclose(outputs[0], outputs[1], 1e-4, 1e-5)) << rotary << qk_norm;
      EXPECT_TRUE(at::allclose(gradients[0], gradients[1], 1e-3, 1e-4)) << rotary << qk_norm;
    }
  }
}

TEST(SelfAttentionTest, RotaryScoresDependOnDistancesAlone) {
  c10::NoGradGuard no_grad;
  SelfAttention plan;
  plan.heads = 1;
  plan.rotary = true;
  plan.rotary_base = 100;
  const Built attention(plan);
  const at::Tensor x = at::randn({1, 7, 8}), y = attention(x);
  const auto project = [&](const char* name) { return x[0].mm(attention.values.at(name).t()).to(at::kDouble); };
  const at::Tensor q = project("query_weight"), k = project("key_weight"), v = project("value_weight");
  // The last query against each key, as complex numbers turned by their distance.
  at::Tensor scores = at::zeros({7}, at::kDouble);
  for (int64_t key = 0; key < 7; ++key) {
    std::complex<double> sum = 0;
    for (int64_t c = 0; c < 4; ++c) {
      const auto point = [c](const at::Tensor& row) {
        return std::complex<double>(row[c].item<double>(), row[c + 4].item<double>());
      };
      const double angle = static_cast<double>(6 - key) * std::pow(100.0, -static_cast<double>(c) / 4);
      sum += point(q[6]) * std::conj(point(k[key])) * std::polar(1.0, angle);
    }
    scores[key] = sum.real() / std::sqrt(8.0);
  }
  const at::Tensor seen = v.t().mv(at::softmax(scores, 0)).to(at::kFloat);
  EXPECT_TRUE(at::allclose(y[0][6], attention.values.at("output_weight").mv(seen), 1e-4, 1e-5));
}

TEST(GptTest, HasTheParametersOfNanoGpt) {
  // nanoGPT counts 12 L d^2 + 13 L d + (V + T) d + 2 d for a tied model with biases.
  const ModelPlan plan = gpt_plan(Json::object());
  constexpr int64_t kLayers = 2, kWidth = 16;
  EXPECT_EQ(plan.parameter_count(),
            12 * kLayers * kWidth * kWidth + 13 * kLayers * kWidth + (kVocabulary + kContext) * kWidth + 2 * kWidth);
  EXPECT_EQ(gpt_plan({{"tied", false}}).parameter_count(), plan.parameter_count() + kVocabulary * kWidth);
  EXPECT_EQ(gpt_plan({{"positions", "rotary"}}).parameter_count(), plan.parameter_count() - kContext * kWidth);
}

TEST(GptTest, NoTokenSeesALaterOne) {
  c10::NoGradGuard no_grad;
  for (const Json& settings :
       {Json::object(), Json{{"attention", "fused"}}, Json{{"positions", "rotary"}, {"norm", "rms"}, {"qk_norm", true}},
        Json{{"gated", true}, {"activation", "silu"}, {"soft_cap", 5}, {"tied", false}, {"bias", false}}}) {
    PlannedModel model(gpt_plan(settings), 1);
    model.set_training(false);
    const at::Tensor first = tokens(1);
    at::Tensor second = first.clone();
    second[0][5] = (second[0][5].item<int64_t>() + 1) % kVocabulary;
    const at::Tensor a = model.forward(first), b = model.forward(second);
    EXPECT_EQ(a.sizes(), (at::IntArrayRef{1, kContext, kVocabulary}));
    EXPECT_TRUE(at::equal(a.narrow(1, 0, 5), b.narrow(1, 0, 5))) << settings;
    EXPECT_FALSE(at::allclose(a.narrow(1, 5, 1), b.narrow(1, 5, 1))) << settings;
    EXPECT_FALSE(at::allclose(a.narrow(1, 8, 1), b.narrow(1, 8, 1))) << settings;
  }
}

TEST(GptTest, ATiedMatrixIsOneParameterWithBothGradients) {
  PlannedModel model(gpt_plan(Json::object()), 1);
  std::vector<std::string> names;
  for (const NamedTensor& parameter : model.parameters()) names.push_back(parameter.name);
  EXPECT_EQ(std::count(names.begin(), names.end(), "stem.embedding.weight"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "head.linear.weight"), 0);
  // Token 10 is no input, so its row has a gradient only as a row of the output matrix.
  const at::Tensor in = at::zeros({2, kContext}, at::kLong);
  cross_entropy(model.forward(in), in, {}).sum().backward();
  EXPECT_GT(model.parameter("stem.embedding.weight").grad()[10].abs().sum().item<float>(), 0);
}

TEST(GptTest, StartsNearTheUniformPredictionWithinTheCap) {
  c10::NoGradGuard no_grad;
  PlannedModel model(gpt_plan({{"soft_cap", 0.05}}), 1);
  const at::Tensor in = tokens(), logits = model.forward(in);
  EXPECT_LE(logits.abs().max().item<float>(), 0.05F);
  const double loss = cross_entropy(logits, in, {}).mean().item<float>();
  EXPECT_NEAR(loss, std::log(static_cast<double>(kVocabulary)), 0.06);
}

TEST(CrossEntropyTest, OfSequencesIsTheMeanOverPositions) {
  const at::Tensor logits = at::randn({2, 3, 5}), labels = at::randint(5, {2, 3}, at::kLong);
  const at::Tensor each = cross_entropy(logits.reshape({6, 5}), labels.reshape({6}), {}).view({2, 3});
  EXPECT_TRUE(at::allclose(cross_entropy(logits, labels, {}), each.mean(1)));
  at::Tensor ignored = labels.clone();
  ignored[0][1] = -100;
  EXPECT_TRUE(at::allclose(cross_entropy(logits, ignored, {})[0], each[0][0].add(each[0][2]).div(3)));
  const at::Tensor hard = at::zeros({2, 3, 5}).scatter_(-1, labels.unsqueeze(-1), 1.0);
  EXPECT_TRUE(at::allclose(cross_entropy(logits, labels, hard), each.mean(1), 1e-5, 1e-6));
}

}  // namespace
}  // namespace hasten
