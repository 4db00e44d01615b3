// A forward pass that leaves no trace.
#include "hasten/nn/extra_pass.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

namespace hasten {

at::Tensor random_state() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

void set_random_state(const at::Tensor& state) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

ExtraPass::ExtraPass(Model& model) : model_(model), mode_(model.mode()), random_(random_state()) {
  PassMode mode = mode_;
  mode.statistics = Statistics::kKeep;
  model_.set_mode(mode);
}

ExtraPass::~ExtraPass() {
  model_.set_mode(mode_);
  set_random_state(random_);
}

}  // namespace hasten
