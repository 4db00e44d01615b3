// Shapes of pooling layers.
#include "hasten/spec/layers/pooling.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

Shape Pool2d::output(const Shape& in) const {
  if (in.size() != 3) throw ConfigError("model", "an input of channels x height x width for pooling", to_string(in));
  const int64_t height = in[1] + 2 * padding, width = in[2] + 2 * padding;
  if (height < kernel || width < kernel) {
    throw ConfigError("model", cat("an image of at least ", kernel, "x", kernel, " for pooling"), to_string(in),
                      "use fewer groups (each halves the image) or larger images");
  }
  return {in[0], (height - kernel) / stride + 1, (width - kernel) / stride + 1};
}

Shape GlobalPool::output(const Shape& in) const {
  if (in.size() != 3) throw ConfigError("model", "an input of channels x height x width for pooling", to_string(in));
  return {in[0]};
}

}  // namespace hasten
