// Views of the catalogue: which methods are of a kind, which are alike and in what.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/method_spec.h"

namespace hasten {

// What is left open takes every method.
struct MethodFilter {
  std::optional<Component> component;
  std::optional<Verb> verb;
  std::string family;  // that the method works with
  std::optional<Factor> saves;  // one of the two factors of cost; a method that saves both counts for either
  std::optional<Bottleneck> relieves;
  bool takes(const MethodSpec& spec) const;
};
std::vector<const MethodSpec*> methods_where(const Catalogue& catalogue, const MethodFilter& filter);

// Methods of one cell of the matrix.
std::vector<const MethodSpec*> methods_in(const Catalogue& catalogue, Component component, Verb verb);

// Two methods may look different and do the same to a training program. In descending order of what they share.
struct Likeness {
  const MethodSpec* method = nullptr;
  double weight = 0;
  std::vector<std::string> reasons;  // what both do, in words
};
// The closest, at most `count`; none that shares less than a cell, or a place and an effect.
std::vector<Likeness> similar_methods(const Catalogue& catalogue, const MethodSpec& spec, size_t count);

// Why no recipe can have both: a declared conflict, an exclusive seam, models or data that only one of them takes. Empty where one can.
std::string why_not_both(const MethodSpec& a, const MethodSpec& b);
// The methods that cannot join this one in a recipe, by reason.
std::map<std::string, std::vector<std::string>> conflicts_of(const Catalogue& catalogue, const MethodSpec& spec);

}  // namespace hasten
