// What the literature knows about cells of the taxonomy, methods and pairs of them that nobody measured here: docs/gaps.toml.
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

struct MethodKnowledge {
  std::string name, with;  // of one method, or of two together
  std::string known, source;
};

struct GapKnowledge {
  std::vector<CellKnowledge> cells;
  std::vector<MethodKnowledge> methods;
  // What is known of one, or an entry of that name without words.
  CellKnowledge of(Component component, Verb verb) const;
  MethodKnowledge of(const std::string& name, const std::string& with = "") const;  // two in any order
};

// Throws ConfigError, naming `name` and the line, for a cell that is none, for one that comes twice, as for methods, and for a missing or
// unknown key. Which methods there are, it cannot know.
GapKnowledge read_gaps(std::string_view toml, const std::string& name);

}  // namespace hasten
