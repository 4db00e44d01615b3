// Shapes of layers that act on elements.
#include "hasten/spec/layers/elementwise.h"

#include "hasten/base/error.h"

namespace hasten {

Shape Gate::output(const Shape& in) const {
  if (in.empty() || in.back() % 2 != 0) throw ConfigError("model", "an even number of features", to_string(in));
  Shape out = in;
  out.back() /= 2;
  return out;
}

}  // namespace hasten
