// Trains a torch::nn::Module of one's own with methods that act on seams and events; one that edits layers is refused.
#include <torch/nn.h>

#include <filesystem>
#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/methods/registry.h"
#include "hasten/nn/module_model.h"
#include "hasten/train/trainer.h"

// Two convolutions with a norm, as one would write them for LibTorch alone.
struct SmallNetImpl : torch::nn::Module {
  SmallNetImpl()
      : conv1(register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 3).padding(1)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(16))),
        conv2(register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3).stride(2)))),
        head(register_module("head", torch::nn::Linear(32, 10))) {}
  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(norm(conv1(x)));
    x = torch::relu(conv2(x));
    return head(x.amax({2, 3}));
  }
  torch::nn::Conv2d conv1;
  torch::nn::BatchNorm2d norm;
  torch::nn::Conv2d conv2;
  torch::nn::Linear head;
};
TORCH_MODULE(SmallNet);

namespace {

hasten::Recipe recipe_with(const hasten::Json& methods, const hasten::Registry& registry) {
  return hasten::recipe_from_json({{"workload", {{"dataset", "synthetic"}, {"metric", "test/accuracy"}}},
                                   {"model", {{"family", "custom"}}},
                                   {"optimizer", {{"name", "sgd"}, {"lr", 0.1}}},
                                   {"batch", {{"size", 64}, {"microbatch", 32}}},
                                   {"budget", {{"train", "3ep"}}},
                                   {"method", methods}},
                                  registry.catalogue());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace hasten;
  const Registry registry(method_entries());
  TrainOptions options;
  options.out = argc > 1 ? argv[1] : "custom_model_run";
  OwnModel own;
  own.make = [](uint64_t seed, at::Device device) {
    torch::manual_seed(seed);
    SmallNet net;
    net->to(device);
    return std::make_unique<ModuleModel<SmallNet>>(net);
  };
  own.plan = opaque_plan(*own.make(0, at::kCPU), {1, 12, 12}, 10);
  options.model = &own;

  const Recipe recipe = recipe_with(
      Json::array({{{"name", "ema"}}, {{"name", "label_smoothing"}}, {{"name", "sam"}, {"interval", 4}}}), registry);
  const TrainResult result = Trainer(recipe, registry, options).run();
  std::cout << "accuracy " << result.quality.value_or(0) << " with " << result.record.metric.weights << " weights\n";

  try {
    options.out += "_refused";
    Trainer(recipe_with(Json::array({{{"name", "dirac_init"}}}), registry), registry, options);
  } catch (const ConfigError& error) {
    std::cout << "refused: " << error.what() << "\n";
    return result.quality.value_or(0) > 0.3 ? 0 : 1;
  }
  return 1;
}
