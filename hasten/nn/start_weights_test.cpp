// Start values from a file: what is taken, what is reported, what is refused.
#include "hasten/nn/start_weights.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/stored_tensor.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

PlannedModel model_of(int64_t classes) {
  const FamilySpec& family = find_family("convnet");
  const Json settings = {{"widths", {4}}, {"norm", true}};
  return {family.build(family.params->parse(settings, "model"), {"data", {1, 8, 8}, classes, 100, 100}), 1};
}

SafetensorsFile file_of(const std::vector<NamedTensor>& tensors, const std::string& format = "pt") {
  SafetensorsWriter writer;
  for (const NamedTensor& entry : tensors) store(writer, entry.name, entry.value);
  return {"start.safetensors", writer.file({{"format", format}})};
}

std::string refusal(const SafetensorsFile& file, const StartSettings& settings, Model& model) {
  try {
    load_start(file, settings, model);
  } catch (const ConfigError& error) {
    return std::string(error.what()) + "; " + error.hint();
  }
  return "accepted";
}

TEST(StartWeightsTest, TakesWhatMatchesAndNamesTheRest) {
  PlannedModel source = model_of(10), model = model_of(10);
  std::vector<NamedTensor> tensors;
  for (const NamedTensor& entry : source.tensors()) tensors.push_back({entry.name, at::full(entry.value.sizes(), 3.0)});
  ASSERT_EQ(tensors.back().name, "group1.norm1.running_var");
  tensors.back().name = "fc.weight";
  StartReport report = load_start(file_of(tensors), {"start.safetensors", {"head.*"}}, model);
  EXPECT_EQ(report.loaded, (std::vector<std::string>{"group1.conv1.weight", "group1.norm1.weight", "group1.norm1.bias",
                                                     "group1.norm1.running_mean"}));
  EXPECT_EQ(report.skipped, (std::vector<std::string>{"head.linear.weight", "head.linear.bias"}));
  EXPECT_EQ(report.missing, (std::vector<std::string>{"group1.norm1.running_var"}));
  EXPECT_EQ(report.unexpected, (std::vector<std::string>{"fc.weight"}));
  EXPECT_TRUE(at::equal(model.parameter("group1.conv1.weight"), tensors[0].value));
  EXPECT_TRUE(at::equal(model.parameter("head.linear.weight"), source.parameter("head.linear.weight")));
}

TEST(StartWeightsTest, FloatsOfOtherPrecisionAreConverted) {
  PlannedModel model = model_of(10);
  const at::Tensor half = at::arange(36).reshape({4, 1, 3, 3}).to(at::kBFloat16);
  load_start(file_of({{"group1.conv1.weight", half}}), {"f", {}}, model);
  EXPECT_TRUE(at::equal(model.parameter("group1.conv1.weight"), half.to(at::kFloat)));
}

TEST(StartWeightsTest, RefusesBeforeItChangesAnything) {
  PlannedModel source = model_of(10), model = model_of(100), same = model_of(100);
  const SafetensorsFile file = file_of(source.tensors());
  const std::string other_head = refusal(file, {"f", {}}, model);
  EXPECT_NE(other_head.find("[model.init] expected tensors of the model's shapes and kinds, got head.linear.weight of "
                            "F32 10x64, in the model Float 100x64 (and 1 more)"),
            std::string::npos)
      << other_head;
  EXPECT_NE(other_head.find("model.init_skip"), std::string::npos);
  for (size_t i = 0; i < model.tensors().size(); ++i)
    EXPECT_TRUE(at::equal(model.tensors()[i].value, same.tensors()[i].value));
  EXPECT_EQ(refusal(file, {"f", {"head.*"}}, model), "accepted");

  EXPECT_NE(refusal(file, {"f", {"haed.*"}}, model).find("[model.init_skip] expected patterns that fit some name"),
            std::string::npos);
  EXPECT_NE(refusal(file_of({{"x", at::arange(2)}}), {"f", {}}, model).find("such as group1.conv1.weight, got none; "),
            std::string::npos);
  EXPECT_NE(refusal(file_of({{"model/parameters/x", at::arange(2)}}, "hasten-checkpoint"), {"f", {}}, model)
                .find("this is a checkpoint: 'hasten export RUN'"),
            std::string::npos);
  EXPECT_NE(
      refusal(file_of({{"head.linear.bias", at::arange(100)}}), {"f", {}}, model).find("of I64 100, in the model"),
      std::string::npos);
}

}  // namespace
}  // namespace hasten
