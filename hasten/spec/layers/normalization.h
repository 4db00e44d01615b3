// Normalization: over the batch (Ioffe and Szegedy 2015), or over the features of each position.
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

// Over the last dimension: to mean 0 and variance 1 (Ba, Kiros, Hinton 2016), or, for `root_mean_square`, to length
// sqrt(features) (Zhang and Sennrich 2019, arXiv:1910.07467).
struct FeatureNorm {
  static constexpr const char* kKind = "feature_norm";
  bool root_mean_square = false;
  double epsilon = 1e-5;
  bool scale = true;
  bool shift = true;
  static constexpr auto schema() {
    using P = FeatureNorm;
    return std::tuple{field("root_mean_square", &P::root_mean_square, "divide by the length only, keep the mean"),
                      field("epsilon", &P::epsilon, above(0), "added to the variance"),
                      field("scale", &P::scale, "whether the gain is learnt"),
                      field("shift", &P::shift, "whether the bias is learnt; not for root_mean_square")};
  }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape& in) const {
    std::vector<ParameterPlan> list;
    if (scale) list.push_back({"weight", {in.back()}, Role::kScale, {InitKind::kOnes, 0}, 1, true});
    if (shift && !root_mean_square) {
      list.push_back({"bias", {in.back()}, Role::kShift, {InitKind::kZeros, 0}, 1, true});
    }
    return list;
  }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
