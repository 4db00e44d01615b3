// Shapes, parameters and cost of a fully connected layer.
#include "hasten/spec/layers/dense.h"

#include "hasten/base/error.h"

namespace hasten {

Shape Linear::output(const Shape& in) const {
  if (in.empty()) throw ConfigError("model", "features for a linear layer", "a scalar");
  Shape out = in;
  out.back() = features;
  return out;
}

std::vector<ParameterPlan> Linear::parameters(const Shape& in) const {
  int64_t fan_in = in.back();
  std::vector<ParameterPlan> list{{"weight", {features, fan_in}, Role::kMatrix, uniform_fan_in(), fan_in, true}};
  if (bias) list.push_back({"bias", {features}, Role::kBias, uniform_fan_in(), fan_in, true});
  return list;
}

double Linear::flops(const Shape& in) const {
  return 2.0 * static_cast<double>(element_count(in)) * static_cast<double>(features);
}

}  // namespace hasten
