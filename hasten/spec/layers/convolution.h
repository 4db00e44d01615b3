// Convolution on {channels, height, width}.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

struct Conv2d {
  static constexpr const char* kKind = "conv2d";
  int64_t channels = 1;
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;
  bool bias = true;
  static constexpr auto schema() {
    return std::tuple{field("channels", &Conv2d::channels, at_least(1), "output channels"),
                      field("kernel", &Conv2d::kernel, at_least(1), "side of the square filter", "pixels"),
                      field("stride", &Conv2d::stride, at_least(1), "step of the filter", "pixels"),
                      field("padding", &Conv2d::padding, at_least(0), "zeros added on each side", "pixels"),
                      field("groups", &Conv2d::groups, at_least(1), "independent channel groups"),
                      field("bias", &Conv2d::bias, "whether a bias is added")};
  }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape& in) const;
  double flops(const Shape& in) const;
};

}  // namespace hasten
