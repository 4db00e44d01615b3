// MLPerf's aggregation and its check that a submission does not converge faster than the reference can.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

// Reference convergence of one batch size: epochs (or samples) to the target of 2N runs.
struct ReferenceConvergence {
  double batch_size = 0;
  std::vector<double> epochs;
  std::string benchmark;
};

struct ConvergenceLimit {
  double mean = 0, sd = 0;      // of the reference without its fastest and slowest runs
  int64_t runs = 0;             // behind them
  double least_epochs = 0;      // a submission's mean below this converges significantly faster (one-sided t, 5%)
  double max_speedup = 1;       // mean / least_epochs
};

// How much faster a submission of `runs` runs may converge; `dropped` runs at each end do not count, on both sides.
// nullopt when fewer than two are left.
std::optional<ConvergenceLimit> convergence_limit(const ReferenceConvergence& reference, int64_t runs,
                                                  int64_t dropped = 1);

// Batch sizes below the one that converges fastest are dropped, then those slower than what their neighbours give by
// interpolation: a larger batch cannot need more than that unless the reference was badly set.
std::vector<ReferenceConvergence> pruned(std::vector<ReferenceConvergence> points, int64_t runs, int64_t dropped = 1);

// What a submission was held against.
enum class ReferenceKind { kFound, kInterpolated, kLargerBatch };

struct ConvergenceCheck {
  double mean = 0;  // of the submission, without its fastest and slowest run
  ConvergenceLimit limit;
  ReferenceKind kind =
      ReferenceKind::kFound;  // kLargerBatch: below all references, so slower than the smallest is enough
  bool too_fast = false;
  double normalization = 1;  // an accepted run that is faster than the reference is slowed down by mean / this mean
};
// nullopt when no reference says anything about this batch size: nothing is extrapolated to larger ones, and below the
// smallest only a submission that is not too fast for that one passes.
std::optional<ConvergenceCheck> check_convergence(std::vector<ReferenceConvergence> reference, double batch_size,
                                                  const std::vector<double>& epochs, int64_t dropped = 1);

// Reference points as MLPerf's checker stores them: {"name": {"Benchmark", "BS", "Epochs to converge": [...]}, ...}.
// Throws DataError with the point's name.
std::vector<ReferenceConvergence> read_references(const std::filesystem::path& file);

struct MlperfRun {
  std::string id;
  bool converged = false;
  std::optional<double> seconds,
      epochs;  // from run_start to run_stop; to the last evaluation (samples where logs count those)
};

// The logs of one folder: one result.
struct MlperfResult {
  std::string name, benchmark;
  std::optional<double> batch_size;
  std::vector<MlperfRun> runs;      // those that count, in the order of their start
  int64_t logs = 0;                 // that there are
  int64_t not_converged = 0;        // of those that count
  std::optional<double> seconds;    // the mean that is the score, before normalization
  std::string problem;              // why there is none
  bool has_reference = false;       // a reference of this benchmark was given
  std::optional<ConvergenceCheck> convergence;
  std::optional<double> score_seconds() const;  // normalized; nullopt when the check fails or could not be made
};

struct MlperfOptions {
  int64_t runs = 0;     // of a submission; of more logs the median window of so many counts. 0: all logs
  int64_t dropped = 1;  // at each end of the sorted times
  std::vector<ReferenceConvergence> references;
};

// One result per folder, by name. Runs are those of the mllog importer.
std::vector<MlperfResult> score_mlperf(const std::vector<Run>& logs, const MlperfOptions& options);

}  // namespace hasten::evaluate
