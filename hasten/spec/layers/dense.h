// Fully connected layer on the last dimension.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

struct Linear {
  static constexpr const char* kKind = "linear";
  int64_t features = 1;
  bool bias = true;
  static constexpr auto schema() {
    return std::tuple{field("features", &Linear::features, at_least(1), "output features"),
                      field("bias", &Linear::bias, "whether a bias is added")};
  }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape& in) const;
  double flops(const Shape& in) const;
};

}  // namespace hasten
