// What a trained run gives to other programs.
#include "hasten/train/export_run.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/safetensors.h"
#include "hasten/base/text.h"
#include "hasten/nn/method_seams.h"
#include "hasten/nn/script_model.h"
#include "hasten/nn/stored_tensor.h"

namespace hasten {
namespace {

constexpr int kPlanVersion = 1;
constexpr size_t kNpyAlignment = 64;

// Parameters as layers compute with them, then buffers.
std::vector<NamedTensor> effective_tensors(TrainedRun& run, State& state) {
  c10::NoGradGuard no_grad;
  const MethodSeams seams{&run.engine(), &state};
  std::vector<NamedTensor> list;
  for (const PlacedParameter& placed : run.plan().model.parameters()) {
    const at::Tensor stored = state.model.parameter(placed.name);
    list.push_back({placed.name, run.plan().model.opaque ? stored : EffectiveTensor(stored, placed, seams)()});
  }
  const std::vector<NamedTensor>& buffers = state.model.buffers();
  list.insert(list.end(), buffers.begin(), buffers.end());
  return list;
}

std::string text_of(const std::optional<double>& value) { return value ? number(*value) : ""; }

Json tensors_json(const Layer& layer, const std::string& prefix, const std::vector<NamedTensor>& buffers) {
  Json tensors = Json::object();
  for (const ParameterPlan& p : layer.parameters) {
    tensors[p.name] = {
        {"name", p.same_as.empty() ? prefix + p.name : p.same_as}, {"shape", p.shape}, {"role", name_of(p.role)}};
    if (!p.trainable) tensors[p.name]["trainable"] = false;
  }
  for (const NamedTensor& buffer : buffers) {
    if (buffer.name.rfind(prefix, 0) != 0) continue;
    tensors[buffer.name.substr(prefix.size())] = {
        {"name", buffer.name}, {"shape", buffer.value.sizes().vec()}, {"role", "buffer"}};
  }
  return tensors;
}

Json layers_json(const Block& block, const std::vector<Layer>& layers, const std::vector<NamedTensor>& buffers) {
  Json list = Json::array();
  for (const Layer& layer : layers) {
    Json entry = {{"name", layer.name}, {"kind", layer.kind.name()}};
    entry["settings"] = layer.kind.settings().to_json();
    entry["input"] = layer.in;
    entry["output"] = layer.out;
    entry["tensors"] = tensors_json(layer, block.name + "." + layer.name + ".", buffers);
    list.push_back(std::move(entry));
  }
  return list;
}

Json block_json(const Block& block, const std::vector<NamedTensor>& buffers) {
  return {{"name", block.name},
          {"part", name_of(block.part)},
          {"layers", layers_json(block, block.layers, buffers)},
          {"residual", block.residual},
          {"shortcut", layers_json(block, block.shortcut, buffers)},
          {"after", layers_json(block, block.after, buffers)}};
}

// How bytes became inputs; a run of an older hasten did not write it down.
Json normalisation_json(const evaluate::RunRecord& record) {
  for (const evaluate::Dataset& data : record.data) {
    if (data.use == "train" && !data.mean.empty())
      return {{"scale", "x / 255"}, {"mean", data.mean}, {"deviation", data.deviation}};
  }
  return nullptr;
}

}  // namespace

std::string export_weights(TrainedRun& run, State& state) {
  std::vector<NamedTensor> tensors = effective_tensors(run, state);
  // Wide types first: then every tensor lies at a multiple of its own size.
  std::stable_sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return a.value.element_size() > b.value.element_size();
  });
  SafetensorsWriter writer;
  for (const NamedTensor& entry : tensors) store(writer, entry.name, entry.value);
  const evaluate::Totals& spent = run.record().executed;
  std::vector<std::pair<std::string, std::string>> metadata{{"format", "pt"},  // as readers for PyTorch expect
                                                            {"producer", "hasten"},
                                                            {"run", run.record().id},
                                                            {"recipe_hash", run.record().recipe_hash},
                                                            {"step", std::to_string(run.checkpoint().step)},
                                                            {"weights", run.weights()},
                                                            {"train_seconds", text_of(spent.train_s)},
                                                            {"flops", text_of(spent.flops)},
                                                            {"joules", text_of(spent.joules)},
                                                            {"samples", text_of(spent.samples)}};
  std::erase_if(metadata, [](const auto& entry) { return entry.second.empty(); });
  return writer.file(metadata);
}

Json export_plan(const TrainedRun& run, State& state) {
  const ModelPlan& model = run.plan().model;
  Json json = {{"format", "hasten-plan"},       {"version", kPlanVersion},
               {"run", run.record().id},        {"recipe_hash", run.record().recipe_hash},
               {"step", run.checkpoint().step}, {"family", model.family},
               {"input", model.input},          {"normalisation", normalisation_json(run.record())},
               {"outputs", model.outputs},      {"parameters", model.parameter_count()}};
  Json& blocks = json["blocks"] = Json::array();
  if (!model.opaque) {
    for (const Block& block : model.blocks) blocks.push_back(block_json(block, state.model.buffers()));
    Json& heads = json["auxiliary_heads"] = Json::array();  // for training alone
    for (const AuxiliaryHead& head : model.heads) {
      Json entry = block_json(head.block, state.model.buffers());
      entry["taps"] = head.after;
      heads.push_back(std::move(entry));
    }
    return json;
  }
  Json& tensors = json["tensors"] = Json::array();
  for (const NamedTensor& entry : state.model.tensors()) {
    tensors.push_back({{"name", entry.name}, {"shape", entry.value.sizes().vec()}});
  }
  return json;
}

std::string export_predictions(TrainedRun& run, State& state, const Dataset& data) {
  const at::Tensor logits = run.evaluator().predict(data, state).contiguous();
  std::vector<std::string> sizes;
  for (const int64_t size : logits.sizes()) sizes.push_back(std::to_string(size));
  std::string header = cat("{'descr': '<f4', 'fortran_order': False, 'shape': (", join(sizes, ", "), "), }");
  constexpr size_t kBefore = 10;  // magic, version, length
  header.append((kNpyAlignment - (kBefore + header.size() + 1) % kNpyAlignment) % kNpyAlignment, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(header.size() & 0xff));
  file.push_back(static_cast<char>(header.size() >> 8));
  file += header;
  file.append(static_cast<const char*>(logits.const_data_ptr()), logits.nbytes());
  return file;
}

std::string export_module(const TrainedRun& run, State& state, const std::string& where) {
  const auto* model = dynamic_cast<const ScriptModel*>(&state.model);
  if (model == nullptr) {
    throw ConfigError(where, "a run of the family torchscript", "one of '" + run.plan().model.family + "'",
                      "safetensors and plan together carry models of the other families");
  }
  return model->file();
}

}  // namespace hasten
