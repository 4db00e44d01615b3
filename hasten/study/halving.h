// Successive halving (Jamieson, Talwalkar, AISTATS 2016): all trials are trained for a short budget, the best of them anew for a
// longer one, and so on. Every run is planned for the budget of its rung; no schedule is cut.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hasten/base/units.h"

namespace hasten {

struct Rung {
  int64_t trials = 0;
  double share = 1;  // of the last rung's budget
};

// The rungs of a search: the next one has one of `reduction` trials, rounded down, and `reduction` times the budget. `count` 0
// makes as many as leave two trials or more in the last, since a single one decides nothing. Throws ConfigError naming --trials,
// --reduction or --rungs.
std::vector<Rung> plan_rungs(int64_t trials, double reduction, int64_t count);

// The budget of a rung: whole steps, samples or tokens, other units to four digits.
Duration rung_budget(const Duration& budget, double share);

struct TrialQuality {
  int64_t trial = 0;
  std::optional<double> quality;  // nothing: diverged or failed
};

// Trials from best to worst: those without a finite quality last, equal ones by number, so that the order of ends does not count.
std::vector<int64_t> ranked(std::vector<TrialQuality> qualities, bool higher_is_better);

}  // namespace hasten
