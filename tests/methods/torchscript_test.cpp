// Every method on a TorchScript module: it acts there as on a family, bit for bit after an interruption, or it is refused.
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/candidates.h"
#include "hasten/study/conformance.h"
#include "hasten/study/conformance_run.h"
#include "hasten/train/test_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

// A convolution, a norm with running statistics and a linear layer, for small_recipe()'s images of 1 x 12 x 12.
void save_module(const std::filesystem::path& path) {
  torch::jit::Module module("Net");
  auto parameter = [&](const char* name, const at::Tensor& value) {
    module.register_parameter(name, value.clone().set_requires_grad(true), false);
  };
  parameter("filter", at::randn({8, 1, 3, 3}).mul(0.3));
  parameter("scale", at::ones({8}));
  parameter("shift", at::zeros({8}));
  parameter("head", at::randn({10, 32}).mul(0.1));
  module.register_buffer("mean", at::zeros({8}));
  module.register_buffer("variance", at::ones({8}));
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define(R"(
def forward(self, x):
  x = torch.conv2d(x, self.filter, None, [1, 1], [1, 1])
  x = torch.batch_norm(x, self.scale, self.shift, self.mean, self.variance, self.training, 0.1, 1e-5, False)
  x = torch.relu(torch.adaptive_avg_pool2d(x, [2, 2])).flatten(1)
  return torch.linear(torch.dropout(x, 0.1, self.training), self.head)
)");
  module.save(path.string());
}

class TorchScriptMethods : public ::testing::Test {
 protected:
  TorchScriptMethods() { save_module(dir_.path() / "net.pt"); }

  Json recipe_with(const MethodSpec& spec) const {
    Json recipe = conformance_recipe(spec, true);
    // The module reads images, also where a method is for text.
    recipe["workload"] = {{"dataset", "synthetic"}, {"metric", "test/accuracy"}};
    recipe["data"] = {{"samples", 320}, {"test_samples", 64}};
    for (const Setting& setting : spec.conformance) {
      if (setting.parameter == "data.flip") recipe["data"]["flip"] = "random";
    }
    recipe["model"] = {{"family", "torchscript"}, {"path", (dir_.path() / "net.pt").string()}};
    return recipe;
  }

  // "acts", or why it is refused.
  std::string check(const MethodSpec& spec) {
    const Json recipe = recipe_with(spec);
    try {
      runner_.plan(recipe);
    } catch (const ConfigError& error) {
      return error.what();
    }
    const RunOutcome whole = runner_.run(recipe), cut = runner_.run_interrupted(recipe, 2);
    EXPECT_TRUE(whole.finite) << spec.name;
    EXPECT_GT(whole.flops, 0) << spec.name;
    EXPECT_EQ(difference(whole.weights, cut.weights), "") << spec.name;
    EXPECT_EQ(whole.evaluations, cut.evaluations) << spec.name;
    return "acts";
  }

  testing::TemporaryDirectory dir_;
  ConformanceRunner runner_{method_entries(), dir_.path()};
};

TEST_F(TorchScriptMethods, ActOnSeamsAndEvents) {
  for (const char* name : {"ema", "label_smoothing", "cutmix", "sam"})
    EXPECT_EQ(check(testing::all_methods().catalogue().get(name, "")), "acts") << name;
}

TEST_F(TorchScriptMethods, ThatEditThePlanAreRefused) {
  for (const MethodSpec& spec : testing::all_methods().catalogue().all()) {
    if ((spec.effects & kPlanModel) == 0) continue;
    EXPECT_NE(check(spec).find("'torchscript', whose layers no plan describes"), std::string::npos) << spec.name;
  }
}

// Of a module's FLOPs nothing is known, but half precision is an experiment.
TEST_F(TorchScriptMethods, ADiagnosisWeighsHalfPrecision) {
  Json document = testing::small_recipe();
  document["model"] = {{"family", "torchscript"}, {"path", (dir_.path() / "net.pt").string()}};
  const Registry& registry = testing::all_methods();
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json edited = document;
    apply_edits(edited, edits);
    return recipe_from_json(edited, registry.catalogue());
  };
  const diagnose::Measurements measurements = diagnose::test::measured(
      diagnose::test::with(diagnose::test::quiet(), {{diagnose::Experiment::kHalfPrecision, 6}}));
  const diagnose::Diagnosis diagnosis = diagnose::diagnose(measurements);
  const diagnose::Advice advice =
      diagnose::advise(diagnosis, candidates_for(edit({}), edit, registry, diagnosis, measurements.facts, {}),
                       registry.catalogue().all());
  ASSERT_EQ(advice.remedies.size(), 1u);
  EXPECT_EQ(advice.remedies[0].candidate.name, "mixed_precision");
  EXPECT_NEAR(advice.remedies[0].gain, 10 / 6.0, 0.01);
  const auto resizing = std::find_if(advice.not_weighed.begin(), advice.not_weighed.end(),
                                     [](const diagnose::NoHelp& one) { return one.name == "progressive_resizing"; });
  ASSERT_NE(resizing, advice.not_weighed.end());
  EXPECT_EQ(resizing->why, "FLOPs of a program's own module are not known");
}

TEST_F(TorchScriptMethods, AllActOrAreRefusedSlow) {
  int acting = 0;
  for (const MethodSpec& spec : testing::all_methods().catalogue().all()) {
    const std::string result = check(spec);
    acting += result == "acts" ? 1 : 0;
    EXPECT_TRUE(result == "acts" || result.rfind("[method." + spec.name, 0) == 0) << spec.name << ": " << result;
  }
  EXPECT_GE(acting, 20);
}

}  // namespace
}  // namespace hasten
