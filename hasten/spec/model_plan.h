// The model as plain data: named blocks of layers, with shapes, parameters and FLOPs. Methods edit it; nn builds it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/spec/layer.h"

namespace hasten {

struct Layer {
  std::string name;  // within its block
  LayerKind kind;
  // Filled by ModelPlan::infer. Init and trainable may be edited and survive a later infer.
  Shape in, out;
  std::vector<ParameterPlan> parameters;

  ParameterPlan* parameter(std::string_view name);
};

// Where a block sits. Optimizers for hidden matrices take the body only.
enum class Part { kStem, kBody, kHead };
constexpr std::array<std::string_view, 3> choices(Part) { return {"stem", "body", "head"}; }

struct Block {
  std::string name;
  Part part = Part::kBody;
  std::vector<Layer> layers;
  bool residual = false;         // output = layers(x) + shortcut(x); an empty shortcut passes x through
  std::vector<Layer> shortcut;
  std::vector<Layer> after;      // behind the sum
  bool frozen = false;           // not trained any more: statistics stay and dropout is off, as at evaluation

  void add(std::string layer_name, LayerKind kind) {
    layers.push_back({std::move(layer_name), std::move(kind), {}, {}, {}});
  }
};

// A parameter with its full name ("group1.conv2.weight") and its place.
struct PlacedParameter {
  std::string name;
  const ParameterPlan* plan;
  Part part;
};

// What a step of training takes.
struct PassCost {
  double forward = 0, backward = 0;              // FLOPs of one sample
  double forward_starts = 0, backward_starts = 0;  // layers that are run, and gradients of theirs that are computed
  double trained = 0;                            // elements of parameters that are updated
  PassCost& operator+=(const PassCost& other);
  PassCost operator-(const PassCost& other) const;
};
PassCost operator*(double factor, const PassCost& cost);

// An output beside the main one, computed in training only, from what a block passes on.
struct AuxiliaryHead {
  std::string after;  // name of the block that is tapped
  Block block;        // its name is that of the output
};

struct ModelPlan {
  std::string family;
  Shape input;
  int64_t outputs = 0;
  bool sequence = false;   // `outputs` values for each position of the input, not for the sample
  std::vector<Block> blocks;
  std::vector<AuxiliaryHead> heads;
  int64_t generation = 0;  // counts replans during a run
  bool opaque = false;     // made by a program, not by this plan: parameters are known, layers are not

  // Recomputes every shape and parameter list from the input on. Throws ConfigError where a layer does not fit.
  void infer();
  // Visits layers in the order in which they run.
  void each_layer(const std::function<void(Block&, Layer&)>& visit);
  void each_layer(const std::function<void(const Block&, const Layer&)>& visit) const;

  // In the order in which they run; one that is the same as another is listed once.
  std::vector<PlacedParameter> parameters() const;
  int64_t parameter_count() const;
  // FLOPs counted as the operators will run: a weight that is not trained costs no weight gradient, and nothing
  // before the first trained parameter costs an input gradient.
  PassCost flops() const;
  // The share of one block in flops(), by its place; of a residual block's layers alone if `branch`.
  PassCost block_flops(size_t block, bool branch = false) const;
  // The same model on other inputs, for the cost of other resolutions. Throws ConfigError where it does not fit.
  ModelPlan with_input(const Shape& shape) const;

  Json to_json() const;
  std::string table() const;  // parameters, shapes and FLOPs per layer, for people
};

}  // namespace hasten
