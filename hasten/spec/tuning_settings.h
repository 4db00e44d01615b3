// The section [tuning] of a recipe.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "hasten/spec/field.h"
#include "hasten/spec/params.h"
#include "hasten/spec/search_space.h"

namespace hasten {

// [tuning]: how these settings were found, as `hasten tune` writes it. Comparisons hold it against the recipe when one
// side was searched for longer, and charge what the search cost.
struct TuningSettings {
  int64_t trials = 0;
  std::string selected_on;
  std::string group;
  int64_t trial = 0;
  std::string budget;
  double seconds = 0, flops = 0, joules = 0, usd = 0;
  SearchSpace space;  // [tuning.space]
  static constexpr auto schema() {
    using P = TuningSettings;
    return std::tuple{
        field("trials", &P::trials, at_least(0), "settings that were tried to find this recipe; 0: not known"),
        field("selected_on", &P::selected_on, "split that picked the best of them; empty: not known"),
        field("group", &P::group, "name of the search; empty: not known"),
        field("trial", &P::trial, at_least(0), "which of its trials this is, from 1; 0: not known"),
        field("budget", &P::budget, "of its longest trials; empty: not known"),
        field("seconds", &P::seconds, at_least(0), "that the whole search took; 0: not known", "s"),
        field("flops", &P::flops, at_least(0), "likewise"),
        field("joules", &P::joules, at_least(0), "likewise", "J"),
        field("usd", &P::usd, at_least(0), "likewise", "dollars")};
  }
};

}  // namespace hasten
