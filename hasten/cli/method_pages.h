// The catalogue as pages of Markdown: docs/methods.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hasten/spec/method_spec.h"

namespace hasten::cli {

// File names and their contents: README.md with the matrix, and a page for each method.
std::map<std::string, std::string> method_pages(const Catalogue& catalogue);

// What a setting may be: choices, a range, or its type, with its unit.
std::string allowed_text(const FieldInfo& info);
std::string verbs_text(const MethodSpec& spec);
std::string saves_text(const MethodSpec& spec);
// "batch_transform (geometry)", ...
std::vector<std::string> use_names(const MethodSpec& spec);
// Of its samples: "images", "one class each".
std::vector<std::string> need_names(const MethodSpec& spec);
// "swa, tail_average: both stand on the exclusive seam weight_provider", ...
std::vector<std::string> conflict_texts(const Catalogue& catalogue, const MethodSpec& spec);
template <class Enum>
std::vector<std::string> names_of(const std::vector<Enum>& values) {
  std::vector<std::string> names;
  for (const Enum value : values) names.emplace_back(name_of(value));
  return names;
}

}  // namespace hasten::cli
