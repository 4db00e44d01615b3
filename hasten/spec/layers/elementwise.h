// Layers that act on each element, or only change the shape: activation, dropout, scale, flatten.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

enum class ActivationKind { kRelu, kGelu, kSilu, kTanh };
constexpr std::array<std::string_view, 4> choices(ActivationKind) { return {"relu", "gelu", "silu", "tanh"}; }

struct Activation {
  static constexpr const char* kKind = "activation";
  ActivationKind function = ActivationKind::kRelu;
  static constexpr auto schema() { return std::tuple{field("function", &Activation::function, "the non-linearity")}; }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

struct Dropout {
  static constexpr const char* kKind = "dropout";
  double rate = 0.5;
  static constexpr auto schema() {
    return std::tuple{field("rate", &Dropout::rate, half_open(0, 1), "chance that an element is dropped")};
  }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

struct Scale {
  static constexpr const char* kKind = "scale";
  double factor = 1;
  static constexpr auto schema() { return std::tuple{field("factor", &Scale::factor, "multiplies its input")}; }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

struct Flatten {
  static constexpr const char* kKind = "flatten";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const { return {element_count(in)}; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
