// TorchScript modules. The graph runs as it is written, without LibTorch's profiling executor, which rewrites it after
// a few passes: a resumed run, which starts to count anew, would not repeat the bits.
#include "hasten/nn/script_model.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <set>
#include <sstream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/module_model.h"
#include "hasten/nn/stored_tensor.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

constexpr const char* kWhere = "model.path";
constexpr int64_t kProbeSamples = 4;

// LibTorch's messages go on with a trace of the interpreter; the line that says what is wrong is the last with text.
std::string reason_of(const std::exception& error) {
  std::vector<std::string> lines;
  std::string text = error.what();
  if (size_t trace = text.find("\nException raised from"); trace != std::string::npos) text.resize(trace);
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  return lines.empty() ? "unknown reason" : lines.back();
}

// What forward assigns must be tensors, since only they are enumerated: a counter kept as a number would be lost when a
// run is resumed.
void refuse_assignments(const torch::jit::Block& block) {
  for (const torch::jit::Node* node : block.nodes()) {
    for (const torch::jit::Block* inner : node->blocks()) refuse_assignments(*inner);
    if (node->kind() != c10::prim::SetAttr) continue;
    const std::string& name = node->s(c10::attr::name);
    const auto type = node->inputs().at(0)->type()->cast<c10::ClassType>();
    if (type == nullptr || type->getAttribute(name)->isSubtypeOf(*c10::TensorType::get())) continue;
    throw ConfigError(kWhere, "a module whose forward changes nothing but tensors",
                      cat("one that assigns '", name, "', a ", type->getAttribute(name)->annotation_str()),
                      "make it a buffer: self.register_buffer(\"" + name + "\", torch.zeros(()))");
  }
}

}  // namespace

struct ScriptModel::Impl {
  // A buffer's place in the module: forward may put another tensor there.
  struct Slot {
    c10::intrusive_ptr<c10::ivalue::Object> owner;
    size_t index;
    NamedTensor* buffer;
  };
  torch::jit::Module module;
  std::vector<Slot> slots;
};

ScriptModel::ScriptModel(const std::string& bytes, const std::filesystem::path& path, at::Device device)
    : impl_(std::make_unique<Impl>()) {
  torch::jit::Module& module = impl_->module;
  try {
    std::istringstream in(bytes);
    module = torch::jit::load(in, device);
  } catch (const std::exception& error) {
    throw DataError(path.string(), "", "not a module that torch.jit.save wrote: " + reason_of(error),
                    "in Python: torch.jit.script(module).save(\"model.pt\"); weights alone (state_dict) are no module");
  }
  std::set<const at::TensorImpl*> seen;  // a parameter that is used in two places is one parameter
  std::vector<std::pair<c10::intrusive_ptr<c10::ivalue::Object>, size_t>> places;
  for (const auto& [prefix, part] : module.named_modules()) {
    const c10::ClassTypePtr type = part.type();
    for (size_t i = 0; i < type->numAttributes(); ++i) {
      const c10::IValue value = part._ivalue()->getSlot(i);
      if (!value.isTensor() || !value.toTensor().defined()) continue;
      const at::Tensor tensor = value.toTensor();
      const std::string name = (prefix.empty() ? "" : prefix + ".") + type->getAttributeName(i);
      if (!is_storable(tensor.scalar_type()) || tensor.is_sparse() || tensor.is_quantized())
        throw ConfigError(kWhere, "a module of dense tensors of usual types", "'" + name + "'");
      if (type->is_parameter(i)) {
        if (seen.insert(tensor.unsafeGetTensorImpl()).second) parameters_.push_back({name, tensor});
      } else {
        buffers_.push_back({name, tensor});
        places.emplace_back(part._ivalue(), i);
      }
    }
  }
  for (size_t i = 0; i < places.size(); ++i) impl_->slots.push_back({places[i].first, places[i].second, &buffers_[i]});
  auto forward = module.find_method("forward");
  if (!forward) throw ConfigError(kWhere, "a module with a method forward", "none in " + path.string());
  if (parameters_.empty()) {
    throw ConfigError(kWhere, "a module with parameters", "none in " + path.string(),
                      "torch.jit.freeze makes constants of them: save the module without it");
  }
  const auto graph = forward->graph()->copy();
  torch::jit::Inline(*graph);
  refuse_assignments(*graph->block());
}

ScriptModel::~ScriptModel() = default;

at::Tensor ScriptModel::forward(const at::Tensor& inputs) {
  torch::jit::GraphOptimizerEnabledGuard as_written(false);
  c10::IValue output = impl_->module.forward({inputs});
  for (Impl::Slot& slot : impl_->slots) {
    const at::Tensor now = slot.owner->getSlot(slot.index).toTensor();
    if (now.is_same(slot.buffer->value)) continue;
    // Others hold the tensor that was there, so it stays and takes the value.
    if (now.sizes() != slot.buffer->value.sizes())
      throw ConfigError(kWhere, "buffers that keep their shape", "'" + slot.buffer->name + "'");
    c10::NoGradGuard no_grad;
    slot.buffer->value.copy_(now);
    slot.owner->setSlot(slot.index, slot.buffer->value);
  }
  if (!output.isTensor()) {
    throw ConfigError(kWhere, "a module whose forward gives a tensor of logits", output.tagKind());
  }
  return output.toTensor();
}

void ScriptModel::set_mode(const PassMode& mode) {
  const bool kept = mode_.statistics == Statistics::kKeep, keep = mode.statistics == Statistics::kKeep;
  if (keep && !kept) kept_ = copies(buffers_);
  if (kept && !keep) restore(buffers_, kept_);
  if (impl_->module.is_training() != mode.training || mode_.training != mode.training)
    impl_->module.train(mode.training);
  Model::set_mode(mode);
}

std::string ScriptModel::file() const {
  std::ostringstream out;
  impl_->module.save(out);
  return std::move(out).str();
}

OwnModel script_model(const std::filesystem::path& path, const DatasetInfo& data) {
  if (!std::filesystem::is_regular_file(path)) {
    throw ConfigError(kWhere, "the file of a scripted module", "'" + path.string() + "', which is not there",
                      "in Python: torch.jit.script(module).save(\"model.pt\")");
  }
  auto file = std::make_shared<const std::string>(read_file(path));
  OwnModel own;
  own.file = file;
  own.make = [file, path](uint64_t, at::Device device) { return std::make_unique<ScriptModel>(*file, path, device); };
  ScriptModel probe(*file, path);
  const std::string takes =
      cat("a module from [n, ", join(split(to_string(data.sample), 'x'), ", "), "] to logits [n, ", data.classes, "]");
  {
    const at::Tensor random = random_state();
    c10::NoGradGuard no_grad;
    std::vector<int64_t> shape{kProbeSamples};
    shape.insert(shape.end(), data.sample.begin(), data.sample.end());
    for (const bool training : {false, true}) {
      probe.set_training(training);
      at::Tensor logits;
      try {
        logits = probe.forward(at::zeros(shape));
      } catch (const ConfigError&) {
        throw;
      } catch (const std::exception& error) {
        throw ConfigError(kWhere, takes, reason_of(error));
      }
      if (logits.sizes() == at::IntArrayRef{kProbeSamples, data.classes} && logits.is_floating_point()) continue;
      throw ConfigError(kWhere, takes,
                        cat("an output of ", logits.scalar_type(), " ", logits.sizes(), " for ", kProbeSamples,
                            " samples", training ? " in training mode" : ""));
    }
    set_random_state(random);
  }
  own.plan = opaque_plan(probe, data.sample, data.classes);
  own.plan.family = kTorchScript;
  return own;
}

}  // namespace hasten
