// What the literature knows about cells of the taxonomy: docs/gaps.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/taxonomy.h"

namespace hasten {

struct CellKnowledge {
  Component component{};
  Verb verb{};
  std::string known, source;
};

// Throws ConfigError, naming `name` and the line, for a cell that is none or comes twice, and for a missing or unknown key.
std::vector<CellKnowledge> read_gaps(std::string_view toml, const std::string& name);

}  // namespace hasten
