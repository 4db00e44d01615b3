// Aggregate metrics over several tasks (Agarwal et al., arXiv:2108.13264). Higher scores are better.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "hasten/stats/bootstrap.h"

namespace hasten::stats {

// scores[task][run]; every task needs a run. Tasks may have different numbers of runs.
using TaskScores = std::vector<std::vector<double>>;

double mean_over_tasks(const TaskScores& scores);       // mean of the tasks' means
double median_over_tasks(const TaskScores& scores);     // median of the tasks' means
double interquartile_mean(const TaskScores& scores);    // middle half of all values together
double optimality_gap(const TaskScores& scores, double gamma = 1);  // how far values fall short of gamma

// The chance that a run of x beats one of y on a task, mean over tasks; ties count half. Same tasks in the same order.
double probability_of_improvement(const TaskScores& x, const TaskScores& y);

// Share of runs, or of tasks' means, that score above tau (strictly).
double run_profile(const TaskScores& scores, double tau);
double average_profile(const TaskScores& scores, double tau);

// Stratified percentile interval: runs are resampled within tasks.
Interval aggregate_interval(const TaskScores& scores, const std::function<double(const TaskScores&)>& aggregate,
                            const BootstrapOptions& options = {});
Interval improvement_interval(const TaskScores& x, const TaskScores& y, const BootstrapOptions& options = {});

}  // namespace hasten::stats
