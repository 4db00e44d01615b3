// A forward pass that leaves no trace.
#include "hasten/nn/extra_pass.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/cat.h>

#include <mutex>

namespace hasten {

namespace {

// The CPU's, and the GPU's where this process has one: dropout draws where its input is.
std::vector<at::Generator> generators() {
  std::vector<at::Generator> all{at::detail::getDefaultCPUGenerator()};
  if (at::globalContext().hasCUDA()) all.push_back(at::globalContext().defaultGenerator(at::kCUDA));
  return all;
}

}  // namespace

at::Tensor random_state() {
  std::vector<at::Tensor> states;
  for (at::Generator generator : generators()) {
    std::lock_guard<std::mutex> lock(generator.mutex());
    states.push_back(generator.get_state());
  }
  return states.size() == 1 ? states.front() : at::cat(states);
}

void set_random_state(const at::Tensor& state) {
  int64_t begin = 0;
  for (at::Generator generator : generators()) {
    std::lock_guard<std::mutex> lock(generator.mutex());
    const int64_t bytes = generator.get_state().numel();
    if (begin + bytes > state.numel()) return;  // saved on a machine without a GPU
    generator.set_state(state.narrow(0, begin, bytes).clone());
    begin += bytes;
  }
}

void seed_random_state(uint64_t seed) {
  for (at::Generator generator : generators()) {
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(seed);
  }
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
