// MLPerf's aggregation and its check that a submission does not converge faster than the reference can.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace hasten::evaluate {

// Reference convergence of one batch size: epochs (or samples) to the target of 2N runs.
struct ReferenceConvergence {
  double batch_size = 0;
  std::vector<double> epochs;
};

struct ConvergenceLimit {
  double mean = 0, sd = 0;      // of the reference without its fastest and slowest runs
  double least_epochs = 0;      // a submission's mean below this converges significantly faster (one-sided t, 5%)
  double max_speedup = 1;       // mean / least_epochs
};

// How much faster a submission of `runs` runs may converge. nullopt with fewer than four reference runs.
std::optional<ConvergenceLimit> convergence_limit(const ReferenceConvergence& reference, int64_t runs);

// Points slower than what their neighbours in batch size give by interpolation are dropped: a larger batch cannot need more
// than that unless the reference was badly set.
std::vector<ReferenceConvergence> pruned(std::vector<ReferenceConvergence> points);

struct ConvergenceCheck {
  double mean = 0;  // of the submission, without its fastest and slowest run
  ConvergenceLimit limit;  // interpolated between batch sizes where needed
  bool too_fast = false;
  double normalization = 1;  // an accepted run that is faster than the reference is slowed down by mean / this mean
};
std::optional<ConvergenceCheck> check_convergence(std::vector<ReferenceConvergence> reference, double batch_size,
                                                  const std::vector<double>& epochs);

}  // namespace hasten::evaluate
