// Trains with a method of one's own beside the built-in ones, after the checks that every method has to pass.
#include <filesystem>
#include <iostream>

#include "gradient_noise.h"
#include "hasten/base/json.h"
#include "hasten/methods/registry.h"
#include "hasten/study/conformance.h"
#include "hasten/train/trainer.h"

int main(int argc, char** argv) {
  using namespace hasten;
  const std::filesystem::path out = argc > 1 ? argv[1] : "custom_method_run";
  std::vector<MethodEntry> methods = method_entries();
  methods.push_back({gradient_noise_spec(), make_gradient_noise});

  bool conforms = true;
  for (const ConformanceCheck& check : check_conformance(methods, "gradient_noise", out / "checks")) {
    const bool failed = check.result == ConformanceCheck::Result::kFailed;
    std::cout << (failed ? "FAILED " : "ok     ") << check.name << " " << check.detail << "\n";
    conforms = conforms && !failed;
  }

  const Registry registry(methods);
  const Recipe recipe = recipe_from_json({{"workload", {{"dataset", "synthetic"}, {"metric", "test/accuracy"}}},
                                          {"model", {{"family", "convnet"}, {"norm", true}}},
                                          {"optimizer", {{"name", "sgd"}, {"lr", 0.1}}},
                                          {"budget", {{"train", "2ep"}}},
                                          {"method", Json::array({{{"name", "gradient_noise"}}, {{"name", "ema"}}})}},
                                         registry.catalogue());
  TrainOptions options;
  options.out = out / "run";
  const TrainResult result = Trainer(recipe, registry, options).run();
  std::cout << "accuracy " << result.quality.value_or(0) << "\n";
  return conforms ? 0 : 1;
}
