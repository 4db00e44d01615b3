// Shapes, parameters and cost of attention.
#include "hasten/spec/layers/attention.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr double kEqualParts = 0.5;

}  // namespace

Shape SelfAttention::output(const Shape& in) const {
  if (in.size() != 2) throw ConfigError("model", "{tokens, features} for attention", to_string(in));
  if (in[1] % heads != 0 || (rotary && in[1] / heads % 2 != 0)) {
    throw ConfigError("model.heads",
                      cat("a number that divides the ", in[1], " features", rotary ? " into even parts" : ""),
                      std::to_string(heads));
  }
  if (kernel == AttentionKernel::kFused && dropout > 0) {
    throw ConfigError("model.attention", "'auto' or 'explicit' beside dropout", "'fused'",
                      "the fused kernel drops no weights");
  }
  return in;
}

std::vector<ParameterPlan> SelfAttention::parameters(const Shape& in) const {
  const int64_t features = in.at(1);
  std::vector<ParameterPlan> list;
  for (const char* name : {"query", "key", "value", "output"}) {
    list.push_back({cat(name, "_weight"), {features, features}, Role::kMatrix, uniform_fan_in(), features, true});
    if (bias) list.push_back({cat(name, "_bias"), {features}, Role::kBias, {}, features, true});
  }
  // Of the first layer's values and of the own ones.
  if (value_residual == ValueMixing::kMixed)
    list.push_back({"value_mix", {2}, Role::kScale, {InitKind::kConstant, kEqualParts}, 2, true});
  return list;
}

// Four products with matrices, then the scores and their use; a mask saves nothing that is counted.
double SelfAttention::flops(const Shape& in) const {
  const auto tokens = static_cast<double>(in.at(0)), features = static_cast<double>(in.at(1));
  return 2 * tokens * features * (4 * features + 2 * tokens);
}

}  // namespace hasten
