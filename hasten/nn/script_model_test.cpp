// Modules of files as models, made here as torch.jit.save makes them.
#include "hasten/nn/script_model.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <fstream>
#include <sstream>

#include "hasten/base/error.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"

namespace hasten {
namespace {

// [n, 1, 4, 4] to [n, 3]; counts its training passes in a buffer that it replaces each time.
torch::jit::Module small_module(const std::string& forward = R"(
def forward(self, x):
  if self.training:
    self.passes = self.passes + 1
  x = torch.dropout(x.flatten(1), 0.5, self.training)
  return torch.linear(x, self.weight) * self.gain
)") {
  torch::jit::Module module("Small");
  module.register_parameter("weight", at::randn({3, 16}).set_requires_grad(true), false);
  module.register_parameter("gain", at::ones({3}).set_requires_grad(true), false);
  module.register_buffer("passes", at::zeros({}));
  module.register_attribute("count", c10::IntType::get(), 0);
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define(forward);
  return module;
}

std::string bytes_of(const torch::jit::Module& module) {
  std::ostringstream out;
  module.save(out);
  return out.str();
}

// The message with which a file is refused for images of 1x4x4 and three classes.
std::string refusal(const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "hasten_script_model.pt";
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    script_model(path, {"data", {1, 4, 4}, 3, 10, 10});
  } catch (const std::exception& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ScriptModelTest, HasTheParametersAndBuffersOfTheModule) {
  torch::jit::Module module = small_module();
  ScriptModel model(bytes_of(module), "small.pt");
  ASSERT_EQ(model.parameters().size(), 2u);
  EXPECT_EQ(model.parameters()[0].name, "weight");
  EXPECT_TRUE(at::equal(model.parameter("weight"), module.attr("weight").toTensor()));
  ASSERT_EQ(model.buffers().size(), 1u);
  at::Tensor logits = model.forward(at::randn({2, 1, 4, 4}));
  logits.sum().backward();
  EXPECT_TRUE(model.parameter("gain").grad().defined());
}

TEST(ScriptModelTest, ABufferThatIsReplacedKeepsItsIdentity) {
  ScriptModel model(bytes_of(small_module()), "small.pt");
  const at::Tensor handle = model.buffers()[0].value;
  model.set_training(true);
  model.forward(at::randn({2, 1, 4, 4}));
  model.forward(at::randn({2, 1, 4, 4}));
  EXPECT_EQ(handle.item<double>(), 2);
  model.set_training(false);
  model.forward(at::randn({2, 1, 4, 4}));
  EXPECT_EQ(handle.item<double>(), 2);
  {
    model.set_training(true);
    ExtraPass extra(model);
    model.forward(at::randn({2, 1, 4, 4}));
  }
  EXPECT_EQ(handle.item<double>(), 2) << "an extra pass leaves no trace";
  handle.fill_(40);  // as a checkpoint or an average does
  model.forward(at::randn({2, 1, 4, 4}));
  EXPECT_EQ(handle.item<double>(), 41);
}

// LibTorch's executor rewrites graphs after some passes; a resumed run begins to count anew.
TEST(ScriptModelTest, TheTenthPassHasTheBitsOfTheFirst) {
  const std::string normed = R"(
def forward(self, x):
  x = torch.linear(torch.layer_norm(x.flatten(1), [16]), self.weight)
  return torch.tanh(x * torch.sigmoid(x)) * self.gain / (1.0 + x * x)
)";
  ScriptModel worn(bytes_of(small_module(normed)), "small.pt");
  for (int i = 0; i < 10; ++i) worn.forward(at::randn({2, 1, 4, 4})).sum().backward();
  worn.clear_gradients();
  ScriptModel fresh(worn.file(), "small.pt");
  const at::Tensor x = at::randn({2, 1, 4, 4}), random = random_state();
  at::Tensor first = worn.forward(x);
  first.pow(2).sum().backward();
  set_random_state(random);
  at::Tensor second = fresh.forward(x);
  second.pow(2).sum().backward();
  EXPECT_TRUE(at::equal(first, second));
  EXPECT_TRUE(at::equal(worn.parameter("weight").grad(), fresh.parameter("weight").grad()));
}

TEST(ScriptModelTest, ComputesInThePlannedFormat) {
  ScriptModel model(bytes_of(small_module("def forward(self, x):\n  return torch.linear(x.flatten(1), self.weight)\n")),
                    "small.pt");
  const at::Tensor x = at::randn({2, 1, 4, 4});
  EXPECT_EQ(model.forward(x).scalar_type(), at::kFloat);
  {
    PrecisionScope precision(Compute::kBf16);
    EXPECT_EQ(model.forward(x).scalar_type(), at::kBFloat16);
  }
  EXPECT_EQ(model.forward(x).scalar_type(), at::kFloat);
}

TEST(ScriptModelTest, FileHoldsTheValuesOfNow) {
  ScriptModel model(bytes_of(small_module()), "small.pt");
  model.parameter("weight").detach().fill_(0.25);
  ScriptModel again(model.file(), "small.pt");
  EXPECT_TRUE(at::equal(again.parameter("weight"), model.parameter("weight")));
}

TEST(ScriptModelTest, RefusesWhatCannotBeTrained) {
  EXPECT_EQ(refusal(bytes_of(small_module())), "accepted");
  EXPECT_NE(refusal("no zip").find("not a module that torch.jit.save wrote"), std::string::npos);
  const std::string whole = bytes_of(small_module());
  EXPECT_NE(refusal(whole.substr(0, whole.size() / 2)).find("not a module that torch.jit.save wrote"),
            std::string::npos);
  EXPECT_EQ(refusal(bytes_of(small_module("def forward(self, x):\n  return x.flatten(1) + self.gain.sum()\n"))),
            "[model.path] expected a module from [n, 1, 4, 4] to logits [n, 3], got an output of Float [4, 16] for 4 "
            "samples");
  EXPECT_NE(refusal(bytes_of(small_module("def forward(self, x):\n  return torch.linear(x, self.weight)\n")))
                .find("expected a module from [n, 1, 4, 4] to logits [n, 3], got "),
            std::string::npos);
  EXPECT_NE(refusal(bytes_of(small_module("def forward(self, x):\n  self.count = self.count + 1\n"
                                          "  return torch.linear(x.flatten(1), self.weight)\n")))
                .find("got one that assigns 'count', a int"),
            std::string::npos);
  torch::jit::Module empty("Empty");
  empty.define("def forward(self, x):\n  return x\n");
  EXPECT_NE(refusal(bytes_of(empty)).find("expected a module with parameters"), std::string::npos);
}

}  // namespace
}  // namespace hasten
