// torchscript: a module that was written and scripted in Python, and is trained here.
#include "hasten/base/error.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

struct TorchScriptParams {
  std::string path;
  static constexpr auto schema() {
    return std::tuple{field("path", &TorchScriptParams::path, "file that torch.jit.script(module).save(path) wrote")};
  }
};

// Replaced by the plan of the parameters that the file holds, where there is LibTorch to read it (nn/script_model.h).
ModelPlan build_torchscript(const ParamSet& set, const DatasetInfo& data) {
  if (set.as<TorchScriptParams>().path.empty()) {
    throw ConfigError("model.path", "the file of a scripted module", "nothing",
                      "in Python: torch.jit.script(module).save(\"model.pt\")");
  }
  ModelPlan plan;
  plan.family = kTorchScript;
  plan.input = data.sample;
  plan.outputs = data.classes;
  plan.opaque = true;
  return plan;
}

}  // namespace

FamilySpec torchscript_family() {
  return {kTorchScript, "a module scripted in Python, from its file", describe<TorchScriptParams>(), build_torchscript};
}

}  // namespace hasten
