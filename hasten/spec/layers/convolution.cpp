// Shapes, parameters and cost of a convolution.
#include "hasten/spec/layers/convolution.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

Shape Conv2d::output(const Shape& in) const {
  if (in.size() != 3)
    throw ConfigError("model", "an input of channels x height x width for a convolution", to_string(in));
  if (in[0] % groups != 0 || channels % groups != 0) {
    throw ConfigError("model", cat("channel counts divisible by groups = ", groups), cat(in[0], " -> ", channels));
  }
  int64_t height = (in[1] + 2 * padding - kernel) / stride + 1, width = (in[2] + 2 * padding - kernel) / stride + 1;
  if (in[1] + 2 * padding < kernel || in[2] + 2 * padding < kernel) {
    throw ConfigError("model", cat("an image of at least ", kernel, "x", kernel, " for the filter"), to_string(in),
                      "use fewer groups (each halves the image) or larger images");
  }
  return {channels, height, width};
}

std::vector<ParameterPlan> Conv2d::parameters(const Shape& in) const {
  int64_t fan_in = in[0] / groups * kernel * kernel;
  std::vector<ParameterPlan> list{
      {"weight", {channels, in[0] / groups, kernel, kernel}, Role::kFilter, uniform_fan_in(), fan_in, true}};
  if (bias) list.push_back({"bias", {channels}, Role::kBias, uniform_fan_in(), fan_in, true});
  return list;
}

double Conv2d::flops(const Shape& in) const {
  Shape out = output(in);
  return 2.0 * static_cast<double>(element_count(out)) * static_cast<double>(in[0] / groups * kernel * kernel);
}

}  // namespace hasten
