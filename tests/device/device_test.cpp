// Runs off the CPU: with every registered method, on a device that the test makes up and on a GPU where there is one.
#include <gtest/gtest.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/ones.h>

#include "hasten/loader/formats/test_files.h"
#include "hasten/methods/registry.h"
#include "hasten/nn/fused.h"
#include "hasten/study/conformance.h"
#include "hasten/study/conformance_run.h"
#include "hasten/train/captured_step.h"
#include "hasten/train/plan_recipe.h"
#include "hasten/train/test_run.h"
#include "hasten/train/trainer.h"
#include "tests/device/host_device.h"
#include "tests/methods/all_methods.h"

namespace hasten {
namespace {

const auto* const kOneThread = ::testing::AddGlobalTestEnvironment(new testing::OneThread);

struct Comparison {
  testing::TemporaryDirectory scratch;
  ConformanceRunner cpu{method_entries(), scratch.path() / "cpu"};
  // As far as on the CPU, and resumed to the same bits.
  void expect_alike(const Json& recipe, at::Device device, double tolerance) {
    ConformanceRunner there(method_entries(), scratch.path() / "there", device);
    // The CPU's own kernels round otherwise, and a value at the edge of a ReLU may fall to the other side.
    use_fused_kernels(false);
    const RunOutcome here = cpu.run(recipe), other = there.run(recipe);
    use_fused_kernels(true);
    EXPECT_EQ(other.status, here.status);
    EXPECT_EQ(other.batches.size(), here.batches.size());
    EXPECT_EQ(other.evaluations.size(), here.evaluations.size());
    EXPECT_LE(largest_difference(here.tensors, other.tensors), tolerance);
    EXPECT_EQ(difference(other.state, there.run_interrupted(recipe, 1).state), "");
  }
};

class DeviceTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DeviceTest, MethodTrainsAsOnTheCpu) {
  Comparison comparison;
  const MethodSpec& spec = comparison.cpu.registry().catalogue().get(GetParam(), "test");
  // The made-up device has no autocast.
  comparison.expect_alike(conformance_recipe(spec, true), host_device(), spec.name == "mixed_precision" ? 0.02 : 1e-6);
}

class GpuDeviceTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GpuDeviceTest, MethodTrainsAsOnTheCpu) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU here";
  Comparison comparison;
  const MethodSpec& spec = comparison.cpu.registry().catalogue().get(GetParam(), "test");
  at::globalContext().setDeterministicAlgorithms(true, false);
  comparison.expect_alike(conformance_recipe(spec, true), at::Device(at::kCUDA, 0), 1e-2);
  at::globalContext().setDeterministicAlgorithms(false, false);
}

INSTANTIATE_TEST_SUITE_P(Methods, DeviceTest, ::testing::ValuesIn(testing::method_names()),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Methods, GpuDeviceTest, ::testing::ValuesIn(testing::method_names()),
                         [](const auto& info) { return info.param; });

Json text_recipe(const TestFolder& folder) {
  std::string text;
  for (int i = 0; text.size() < 6000; ++i) text += "the " + std::to_string(i * i) + " cats and dogs; ";
  return {{"workload", {{"dataset", "text"}, {"metric", "test/loss"}}},
          {"data", {{"path", folder.put("text.txt", text).string()}, {"context", 8}}},
          {"model",
           {{"family", "gpt"}, {"layers", 2}, {"width", 8}, {"heads", 2}, {"positions", "rotary"}, {"dropout", 0.1}}},
          {"optimizer", {{"name", "adamw"}, {"lr", 0.01}, {"weight_decay", 0.1}}},
          {"batch", {{"size", 60}}},
          {"evaluation", {{"every", "1ep"}}},
          {"checkpoint", {{"every", "1ep"}}},
          {"budget", {{"train", "4ep"}}}};
}

TEST(TextOnDeviceTest, TrainsAsOnTheCpu) {
  TestFolder folder;
  Comparison().expect_alike(text_recipe(folder), host_device(), 1e-6);
}

struct Ended {
  evaluate::RunRecord record;
  std::vector<NamedTensor> tensors;  // parameters and buffers, on the CPU
};

Ended train(const Json& recipe, at::Device device, MakeStepGraph graphs, const std::filesystem::path& out) {
  const Registry registry(method_entries());
  TrainOptions options;
  options.out = out;
  options.seed = 5;
  options.device = device;
  options.step_graphs = std::move(graphs);
  Trainer trainer(recipe_from_json(recipe, registry.catalogue()), registry, options);
  Ended ended{trainer.run().record, {}};
  for (const NamedTensor& entry : trainer.model().tensors())
    ended.tensors.push_back({entry.name, entry.value.detach().cpu().clone()});
  return ended;
}

// Replayed steps do what steps do that are launched one by one.
void expect_replayed_alike(const Json& recipe, at::Device device, const MakeStepGraph& graphs, double tolerance) {
  testing::TemporaryDirectory scratch;
  const Registry registry(method_entries());
  const Recipe read = recipe_from_json(recipe, registry.catalogue());
  const bool captured = why_not_captured(plan_recipe(read, registry).plan, read.methods).empty();
  const Ended plain = train(recipe, device, nullptr, scratch.path() / "plain");
  const Ended replayed = train(recipe, device, graphs, scratch.path() / "replayed");
  EXPECT_EQ(replayed.record.status, plain.record.status);
  EXPECT_EQ(replayed.record.executed.flops, plain.record.executed.flops);
  EXPECT_EQ(replayed.record.forwards_per_step, plain.record.forwards_per_step);
  EXPECT_EQ(replayed.record.executed.replayed_steps.value_or(-1) > 0, captured);
  EXPECT_LE(largest_difference(plain.tensors, replayed.tensors), tolerance);
}

class StepGraphTest : public ::testing::TestWithParam<std::string> {};

TEST_P(StepGraphTest, ReplaysWhatNoMethodTakesPartIn) {
  const Registry registry(method_entries());
  const MethodSpec& spec = registry.catalogue().get(GetParam(), "test");
  expect_replayed_alike(conformance_recipe(spec, true), host_device(), host_step_graphs(), 1e-5);
}
INSTANTIATE_TEST_SUITE_P(Methods, StepGraphTest, ::testing::ValuesIn(testing::method_names()),
                         [](const auto& info) { return info.param; });

// Every optimizer with decay and a schedule of its rate; dropout; microbatches.
Json small_recipe(const Json& optimizer) {
  return {{"workload", {{"dataset", "synthetic"}}},
          {"data", {{"samples", 240}, {"test_samples", 60}, {"flip", "random"}}},
          {"model", {{"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"dropout", 0.1}}},
          {"optimizer", optimizer},
          {"schedule", {{"lr", "cosine"}}},
          {"batch", {{"size", 24}, {"microbatch", 12}}},
          {"budget", {{"train", "2ep"}}}};
}

Json muon() {
  return {{"name", "muon"}, {"lr", 0.02}, {"weight_decay", 0.1}, {"auxiliary", {{"name", "adamw"}, {"lr", 0.01}}}};
}

TEST(StepGraphTest, RatesAndDecayAreReadAnew) {
  for (const Json& optimizer : {Json{{"name", "sgd"}, {"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}},
                                Json{{"name", "sgd"}, {"lr", 0.1}, {"weight_decay", 0.1}, {"decoupled", true}},
                                Json{{"name", "adamw"}, {"lr", 0.01}, {"weight_decay", 0.1}}, muon()}) {
    SCOPED_TRACE(optimizer.dump());
    expect_replayed_alike(small_recipe(optimizer), host_device(), host_step_graphs(), 1e-5);
  }
}

TEST(StepGraphTest, TextIsReplayed) {
  TestFolder folder;
  expect_replayed_alike(text_recipe(folder), host_device(), host_step_graphs(), 1e-5);
}

TEST(GpuStepGraphTest, StepsAreReplayed) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU here";
  for (const Json& optimizer : {Json{{"name", "sgd"}, {"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}},
                                Json{{"name", "adamw"}, {"lr", 0.01}, {"weight_decay", 0.1}}, muon()}) {
    expect_replayed_alike(small_recipe(optimizer), at::Device(at::kCUDA, 0), cuda_step_graphs(), 1e-2);
  }
}

TEST(HostDeviceTest, FindsTensorsOnTheWrongSide) {
  const at::Tensor there = at::ones({2}, host_device()), here = at::ones({2});
  EXPECT_THROW(there.add(here), c10::Error);
  EXPECT_THROW(there.copy_(here).mul_(here), c10::Error);
  EXPECT_EQ(there.add(1).sum().item<float>(), 4);
}

}  // namespace
}  // namespace hasten
