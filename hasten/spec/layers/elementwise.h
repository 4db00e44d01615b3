// Layers that act on each element, or only change the shape: activation, gate, dropout, scale, soft cap, flatten.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

// relu_squared: So et al. 2021 (Primer, arXiv:2109.08668).
enum class ActivationKind { kRelu, kGelu, kSilu, kTanh, kReluSquared };
constexpr std::array<std::string_view, 5> choices(ActivationKind) {
  return {"relu", "gelu", "silu", "tanh", "relu_squared"};
}

struct Activation {
  static constexpr const char* kKind = "activation";
  ActivationKind function = ActivationKind::kRelu;
  static constexpr auto schema() { return std::tuple{field("function", &Activation::function, "the non-linearity")}; }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

// Halves the features: the first half, activated, times the second (Shazeer 2020, arXiv:2002.05202).
struct Gate {
  static constexpr const char* kKind = "gate";
  ActivationKind function = ActivationKind::kSilu;
  static constexpr auto schema() { return std::tuple{field("function", &Gate::function, "of the first half")}; }
  Shape output(const Shape& in) const;  // throws ConfigError for an odd number of features
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

// cap * tanh(x / cap): values stay within the cap (Gemma Team 2024, arXiv:2408.00118).
struct SoftCap {
  static constexpr const char* kKind = "soft_cap";
  double cap = 30;
  static constexpr auto schema() { return std::tuple{field("cap", &SoftCap::cap, above(0), "bound of the values")}; }
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
