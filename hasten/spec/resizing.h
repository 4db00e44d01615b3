// Images of another size than the data has: how they are made, and whether a model takes them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "hasten/spec/model_plan.h"

namespace hasten {

enum class Resizing { kBilinear, kNearest, kCrop };
constexpr std::array<std::string_view, 3> choices(Resizing) { return {"bilinear", "nearest", "crop"}; }

// The nearest multiple of `increment` to `scale` times the side, at least one and never more than the side itself.
int64_t resized_side(int64_t side, double scale, int64_t increment);

// Throws ConfigError naming `where` unless the model takes images {channels, height, width} with the parameters that it has.
void check_takes(const ModelPlan& model, const Shape& size, const std::string& where);

}  // namespace hasten
