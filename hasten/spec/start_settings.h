// Where parameters and buffers start from, if not from the family's own values.
#pragma once

#include <string>
#include <vector>

#include "hasten/spec/params.h"

namespace hasten {

// [model], next to the settings of the family.
struct StartSettings {
  std::string init;
  std::vector<std::string> init_skip;
  static constexpr auto schema() {
    using P = StartSettings;
    return std::tuple{
        field("init", &P::init, "safetensors file with the start values, by name; empty: those of the family"),
        field("init_skip", &P::init_skip,
              "names that keep their own start, as patterns: [\"head.*\"] for a head of other classes")};
  }
};

}  // namespace hasten
