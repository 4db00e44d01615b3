// Pooling on {channels, height, width}.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

enum class PoolKind { kMax, kAverage };
constexpr std::array<std::string_view, 2> choices(PoolKind) { return {"max", "average"}; }

struct Pool2d {
  static constexpr const char* kKind = "pool2d";
  PoolKind function = PoolKind::kMax;
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
  static constexpr auto schema() {
    return std::tuple{field("function", &Pool2d::function, "maximum or mean"),
                      field("kernel", &Pool2d::kernel, at_least(1), "side of the window", "pixels"),
                      field("stride", &Pool2d::stride, at_least(1), "step of the window", "pixels"),
                      field("padding", &Pool2d::padding, at_least(0), "border that no window counts", "pixels")};
  }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

// One value a channel, from an image of any size.
struct GlobalPool {
  static constexpr const char* kKind = "global_pool";
  PoolKind function = PoolKind::kAverage;
  static constexpr auto schema() { return std::tuple{field("function", &GlobalPool::function, "maximum or mean")}; }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
