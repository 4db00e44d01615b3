// Batch normalization over {channels, ...} (Ioffe and Szegedy 2015).
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

struct BatchNorm {
  static constexpr const char* kKind = "batch_norm";
  double epsilon = 1e-5;
  double momentum = 0.1;  // weight of the new batch in the running statistics
  bool scale = true;
  bool shift = true;
  static constexpr auto schema() {
    return std::tuple{field("epsilon", &BatchNorm::epsilon, above(0), "added to the variance"),
                      field("momentum", &BatchNorm::momentum, {0, 1, true, false},
                            "weight of the new batch in the running statistics"),
                      field("scale", &BatchNorm::scale, "whether the gain is learnt"),
                      field("shift", &BatchNorm::shift, "whether the bias is learnt")};
  }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape& in) const {
    std::vector<ParameterPlan> list;
    if (scale) list.push_back({"weight", {in[0]}, Role::kScale, {InitKind::kOnes, 0}, 1, true});
    if (shift) list.push_back({"bias", {in[0]}, Role::kShift, {InitKind::kZeros, 0}, 1, true});
    return list;
  }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
