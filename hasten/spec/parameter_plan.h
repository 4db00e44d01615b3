// What a parameter of a model will be: name, shape, role, start value. Plain data; methods edit it before modules exist.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/choices.h"

namespace hasten {

// Sizes without the batch dimension: {channels, height, width}, {features}, {tokens, features}.
using Shape = std::vector<int64_t>;

std::string to_string(const Shape& shape);  // "64x14x14"
int64_t element_count(const Shape& shape);

// What a parameter does, which decides its optimizer group.
enum class Role { kFilter, kMatrix, kBias, kScale, kShift, kEmbedding };
constexpr std::array<std::string_view, 6> choices(Role) {
  return {"filter", "matrix", "bias", "scale", "shift", "embedding"};
}

enum class InitKind { kZeros, kOnes, kConstant, kUniformFanIn, kNormal, kNormalFanIn, kDirac, kOrthogonal, kFromData };
constexpr std::array<std::string_view, 9> choices(InitKind) {
  return {"zeros", "ones", "constant", "uniform_fan_in", "normal", "normal_fan_in", "dirac", "orthogonal", "from_data"};
}

// The start value. `value`: the constant; the gain g of U(-g, g)/sqrt(fan_in) or N(0, g^2/fan_in); the standard
// deviation of kNormal. kDirac copies the first input channels through and draws the rest like kUniformFanIn.
// kFromData is filled by a method when the data is there.
struct Init {
  InitKind kind = InitKind::kZeros;
  double value = 0;
  bool operator==(const Init&) const = default;
};
constexpr Init uniform_fan_in(double gain = 1.0) { return {InitKind::kUniformFanIn, gain}; }

struct ParameterPlan {
  std::string name;  // within its layer: "weight", "bias"
  Shape shape;
  Role role = Role::kMatrix;
  Init init;
  int64_t fan_in = 1;
  bool trainable = true;
  std::string
      same_as;  // full name of an earlier parameter of the model that this one is, too; then it has no own values
  bool operator==(const ParameterPlan&) const = default;
};

}  // namespace hasten
