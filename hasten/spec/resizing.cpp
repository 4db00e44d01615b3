// Sizes of images, and models that take them.
#include "hasten/spec/resizing.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

int64_t resized_side(int64_t side, double scale, int64_t increment) {
  if (scale >= 1) return side;
  const int64_t multiples = std::llround(static_cast<double>(side) * scale / static_cast<double>(increment));
  return std::min(side, std::max<int64_t>(multiples, 1) * increment);
}

void check_takes(const ModelPlan& model, const Shape& size, const std::string& where) {
  const std::string expected = "a model that takes images of " + to_string(size);
  ModelPlan small;
  try {
    small = model.with_input(size);
  } catch (const ConfigError& error) {
    throw ConfigError(where, expected, error.where() + " wants " + error.expected() + " and gets " + error.got(),
                      "larger images, or a model that halves them less often");
  }
  const std::vector<PlacedParameter> before = model.parameters(), now = small.parameters();
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].plan->shape == now[i].plan->shape) continue;
    throw ConfigError(where, expected + " with the same parameters",
                      before[i].name + " would change from " + to_string(before[i].plan->shape) + " to " +
                          to_string(now[i].plan->shape),
                      "average over the image before the output: model.readout = \"average\"");
  }
}

}  // namespace hasten
