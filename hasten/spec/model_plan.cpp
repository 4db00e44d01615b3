// Model plans: inference of shapes, cost, printing.
#include "hasten/spec/model_plan.h"

#include <algorithm>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

// Derives the layer from its input; what a method set on a parameter of the same name stays.
Shape infer_layer(Layer& layer, const Shape& in) {
  layer.in = in;
  layer.out = layer.kind.output(in);
  std::vector<ParameterPlan> fresh = layer.kind.parameters(in);
  for (ParameterPlan& parameter : fresh) {
    const ParameterPlan* old = layer.parameter(parameter.name);
    if (old == nullptr) continue;
    parameter.init = old->init;
    parameter.trainable = old->trainable;
    parameter.same_as = old->same_as;
  }
  layer.parameters = std::move(fresh);
  return layer.out;
}

Shape infer_chain(std::vector<Layer>& layers, Shape shape) {
  for (Layer& layer : layers) shape = infer_layer(layer, shape);
  return shape;
}

template <class Plan, class Visit>
void visit_layers(Plan& plan, const Visit& visit) {
  for (auto& block : plan.blocks) {
    for (auto& layer : block.layers) visit(block, layer);
    for (auto& layer : block.shortcut) visit(block, layer);
    for (auto& layer : block.after) visit(block, layer);
  }
  for (auto& head : plan.heads) {
    for (auto& layer : head.block.layers) visit(head.block, layer);
  }
}

// What a chain of layers takes; `flows`: whether its input needs a gradient, and then whether its output does.
PassCost chain_cost(const std::vector<Layer>& layers, bool& flows) {
  PassCost cost;
  for (const Layer& layer : layers) {
    double forward = layer.kind.flops(layer.in);
    bool trains_weight = false, trains_any = false;
    for (const ParameterPlan& p : layer.parameters) {
      bool weight = p.role == Role::kFilter || p.role == Role::kMatrix;
      trains_weight = trains_weight || (weight && p.trainable);
      trains_any = trains_any || p.trainable;
      if (p.trainable && p.same_as.empty()) cost.trained += static_cast<double>(element_count(p.shape));
    }
    cost.forward += forward;
    cost.backward += forward * ((flows ? 1 : 0) + (trains_weight ? 1 : 0));
    cost.forward_starts += 1;
    cost.backward_starts += (flows ? 1 : 0) + (trains_any ? 1 : 0);
    flows = flows || trains_any;
  }
  return cost;
}

struct BlockCost {
  PassCost whole, branch;
};

BlockCost block_cost(const Block& block, bool& flows) {
  BlockCost cost;
  bool through_layers = flows, through_shortcut = flows;
  cost.branch = chain_cost(block.layers, through_layers);
  cost.whole = cost.branch;
  cost.whole += chain_cost(block.shortcut, through_shortcut);
  flows = through_layers || through_shortcut;
  cost.whole += chain_cost(block.after, flows);
  return cost;
}

Json layer_json(const Layer& layer) {
  Json parameters = Json::object();
  for (const ParameterPlan& p : layer.parameters) {
    Json entry = {{"shape", p.shape}, {"init", name_of(p.init.kind)}};
    if (p.init.value != 0) entry["init_value"] = p.init.value;
    if (!p.trainable) entry["trainable"] = false;
    if (!p.same_as.empty()) entry["same_as"] = p.same_as;
    parameters[p.name] = entry;
  }
  Json json = {{"kind", layer.kind.name()}, {"output", layer.out}};
  Json settings = layer.kind.settings().to_json();
  if (!settings.empty()) json["settings"] = settings;
  if (!parameters.empty()) json["parameters"] = parameters;
  return json;
}

Json chain_json(const std::vector<Layer>& layers) {
  Json json = Json::object();
  for (const Layer& layer : layers) json[layer.name] = layer_json(layer);
  return json;
}

std::string padded(std::string text, size_t width, bool right = false) {
  if (text.size() < width) text.insert(right ? 0 : text.size(), width - text.size(), ' ');
  return text;
}

}  // namespace

std::string to_string(const Shape& shape) {
  std::vector<std::string> sizes;
  for (int64_t size : shape) sizes.push_back(std::to_string(size));
  return sizes.empty() ? "scalar" : join(sizes, "x");
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

ParameterPlan* Layer::parameter(std::string_view wanted) {
  auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == wanted; });
  return found == parameters.end() ? nullptr : &*found;
}

void ModelPlan::infer() {
  if (opaque) return;
  std::set<std::string> names;
  Shape shape = input;
  for (Block& block : blocks) {
    HASTEN_CHECK(names.insert(block.name).second, "two blocks are named " + block.name);
    Shape inner = infer_chain(block.layers, shape);
    if (block.residual) {
      Shape passed = infer_chain(block.shortcut, shape);
      if (passed != inner) {
        throw ConfigError("model." + block.name, "a shortcut of shape " + to_string(inner), to_string(passed));
      }
    }
    shape = infer_chain(block.after, inner);
    for (AuxiliaryHead& head : heads) {
      if (head.after != block.name) continue;
      HASTEN_CHECK(names.insert(head.block.name).second, "two blocks are named " + head.block.name);
      infer_chain(head.block.layers, shape);
    }
  }
  const Shape wanted = sequence ? Shape{input.at(0), outputs} : Shape{outputs};
  if (shape != wanted) throw ConfigError("model", "an output of " + to_string(wanted), to_string(shape));
}

void ModelPlan::each_layer(const std::function<void(Block&, Layer&)>& visit) { visit_layers(*this, visit); }
void ModelPlan::each_layer(const std::function<void(const Block&, const Layer&)>& visit) const {
  visit_layers(*this, visit);
}

std::vector<PlacedParameter> ModelPlan::parameters() const {
  std::vector<PlacedParameter> list;
  each_layer([&](const Block& block, const Layer& layer) {
    for (const ParameterPlan& p : layer.parameters) {
      if (!p.same_as.empty()) continue;
      list.push_back({opaque ? p.name : block.name + "." + layer.name + "." + p.name, &p, block.part});
    }
  });
  return list;
}

int64_t ModelPlan::parameter_count() const {
  int64_t count = 0;
  for (const PlacedParameter& p : parameters()) count += element_count(p.plan->shape);
  return count;
}

PassCost& PassCost::operator+=(const PassCost& other) {
  forward += other.forward;
  backward += other.backward;
  forward_starts += other.forward_starts;
  backward_starts += other.backward_starts;
  trained += other.trained;
  return *this;
}

PassCost PassCost::operator-(const PassCost& other) const {
  PassCost difference = *this;
  difference += -1 * other;
  return difference;
}

PassCost operator*(double factor, const PassCost& cost) {
  return {factor * cost.forward, factor * cost.backward, factor * cost.forward_starts, factor * cost.backward_starts,
          factor * cost.trained};
}

PassCost ModelPlan::flops() const {
  PassCost cost;
  bool flows = false;  // whether the input of the next block needs a gradient
  for (const Block& block : blocks) {
    cost += block_cost(block, flows).whole;
    for (const AuxiliaryHead& head : heads) {
      bool tapped = flows;
      if (head.after == block.name) cost += block_cost(head.block, tapped).whole;
    }
  }
  return cost;
}

PassCost ModelPlan::block_flops(size_t index, bool branch) const {
  bool flows = false;
  for (size_t i = 0; i < index; ++i) block_cost(blocks[i], flows);
  BlockCost cost = block_cost(blocks.at(index), flows);
  return branch ? cost.branch : cost.whole;
}

ModelPlan ModelPlan::with_input(const Shape& shape) const {
  ModelPlan other = *this;
  other.input = shape;
  other.infer();
  return other;
}

Json ModelPlan::to_json() const {
  Json json = {{"family", family}, {"input", input}, {"outputs", outputs}};
  Json& list = json["blocks"] = Json::object();
  for (const Block& block : blocks) {
    Json entry = {{"part", name_of(block.part)}, {"layers", chain_json(block.layers)}};
    if (block.residual) entry["shortcut"] = block.shortcut.empty() ? Json("identity") : chain_json(block.shortcut);
    if (!block.after.empty()) entry["after"] = chain_json(block.after);
    if (block.frozen) entry["frozen"] = true;
    list[block.name] = entry;
  }
  for (const AuxiliaryHead& head : heads) {
    json["heads"][head.block.name] = {{"after", head.after}, {"layers", chain_json(head.block.layers)}};
  }
  return json;
}

std::string ModelPlan::table() const {
  std::string out = padded("layer", 26) + padded("kind", 14) + padded("output", 14, true) +
                    padded("parameters", 14, true) + padded("FLOPs/sample", 16, true) + "\n";
  each_layer([&](const Block& block, const Layer& layer) {
    int64_t count = 0;
    bool frozen = false;
    for (const ParameterPlan& p : layer.parameters) {
      count += p.same_as.empty() ? element_count(p.shape) : 0;
      frozen = frozen || !p.trainable;
    }
    double flops = layer.kind.flops(layer.in);
    out += padded(block.name + "." + layer.name, 26) + padded(std::string(layer.kind.name()), 14) +
           padded(to_string(layer.out), 14, true) + padded(count == 0 ? "-" : std::to_string(count), 14, true) +
           padded(flops == 0 ? "-" : si(flops), 16, true) + (frozen ? "  (partly frozen)" : "") + "\n";
  });
  if (opaque) return out + cat("total: ", parameter_count(), " parameters; FLOPs unknown until it runs\n");
  PassCost cost = flops();
  return out + cat("total: ", parameter_count(), " parameters, ", si(cost.forward), " FLOPs forward and ",
                   si(cost.backward), " backward per sample\n");
}

}  // namespace hasten
