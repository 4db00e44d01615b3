// Sorting runs into groups and budgets. Internal to the comparison.
#pragma once

#include <string>
#include <vector>

#include "hasten/evaluate/comparison.h"

namespace hasten::evaluate {

// Groups in order of name, the baseline first; points with runs and failed, nothing measured yet.
// Throws ConfigError when there are several groups and none is the baseline.
std::vector<Group> make_groups(const std::vector<Run>& runs, const std::string& baseline);

// The metric that all runs record, or the one that `wanted` names. Throws ConfigError with what there is.
Metric choose_metric(const std::vector<Run>& runs, const std::string& wanted);

// Of each search over settings in this point, keeps the runs of the best trial: the one that reaches the target at
// least cost, else the one of best quality. Runs of one trial are seeds and stay together.
void keep_best_trials(const std::vector<Run>& runs, const Metric& metric, std::optional<double> target, Cost cost,
                      Point& point);

// What the search behind these runs cost, in this unit: as recorded, else the sum of its trials (mean over searches),
// failed ones included.
struct SearchCost {
  double value = 0;
  bool summed = false;
};
std::optional<SearchCost> search_cost(const std::vector<Run>& runs, const std::vector<size_t>& members, Cost cost);

// The best quality to expect after 1, 2, ... trials, as a mean over the searches of these runs; empty without a search.
// A trial without a quality is as bad as the worst.
std::vector<double> expected_best_of_trials(const std::vector<Run>& runs, const std::vector<size_t>& members,
                                            const Metric& metric);

}  // namespace hasten::evaluate
