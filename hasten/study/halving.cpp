// Rungs of a search, and who climbs.
#include "hasten/study/halving.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

std::vector<Rung> plan_rungs(int64_t trials, double reduction, int64_t count) {
  if (trials < 1) throw ConfigError("--trials", "an integer >= 1", std::to_string(trials));
  if (!(reduction >= 1.5) || reduction > 1000) {
    throw ConfigError("--reduction", "a number from 1.5 to 1000", number(reduction),
                      "3 keeps one trial of three; --rungs 1 keeps all, and trains all for the whole budget");
  }
  if (count < 0) throw ConfigError("--rungs", "an integer >= 0", std::to_string(count), "0 chooses by --trials");
  std::vector<Rung> rungs{{trials, 1}};
  while (count == 0 || static_cast<int64_t>(rungs.size()) < count) {
    const auto next = static_cast<int64_t>(static_cast<double>(rungs.back().trials) / reduction);
    if (next < 2) {
      if (count == 0) break;
      throw ConfigError("--rungs",
                        cat("at most ", rungs.size(), " for ", trials, " trials and --reduction ", number(reduction)),
                        std::to_string(count), "a rung of one trial has nothing to choose from");
    }
    rungs.push_back({next, 1});
  }
  for (size_t i = rungs.size() - 1; i-- > 0;) rungs[i].share = rungs[i + 1].share / reduction;
  return rungs;
}

Duration rung_budget(const Duration& budget, double share) {
  if (share == 1) return budget;
  const double value = budget.value * share;
  if (budget.unit == Unit::kStep || budget.unit == Unit::kSample || budget.unit == Unit::kToken) {
    return {std::max(1.0, std::round(value)), budget.unit};
  }
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(value)));
  return {std::stod(cat(std::round(value * scale) / scale)), budget.unit};
}

std::vector<int64_t> ranked(std::vector<TrialQuality> qualities, bool higher_is_better) {
  auto worth = [&](const TrialQuality& entry) {
    if (!entry.quality || !std::isfinite(*entry.quality)) return -std::numeric_limits<double>::infinity();
    return higher_is_better ? *entry.quality : -*entry.quality;
  };
  std::sort(qualities.begin(), qualities.end(), [&](const TrialQuality& a, const TrialQuality& b) {
    const double x = worth(a), y = worth(b);
    return x != y ? x > y : a.trial < b.trial;
  });
  std::vector<int64_t> order;
  for (const TrialQuality& entry : qualities) order.push_back(entry.trial);
  return order;
}

}  // namespace hasten
