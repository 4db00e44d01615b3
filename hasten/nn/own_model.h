// A model that is not made from a plan: a module of the program that calls the library, or of a file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "hasten/nn/model.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

// A plan that lists its parameters (opaque_plan in nn/module_model.h makes it), and the model itself, started from a
// seed on a device.
struct OwnModel {
  ModelPlan plan;
  std::function<std::unique_ptr<Model>(uint64_t seed, at::Device device)> make;
  std::shared_ptr<const std::string> file;  // the bytes it is made from, if it comes from a file
};

}  // namespace hasten
