// MLPerf results from their logs: the mean without extremes, and the convergence check applied to it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>

#include "hasten/base/text.h"
#include "hasten/evaluate/scoring/mlperf.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSource = "mllog: ";

fs::path folder_of(const Run& run) {
  std::string_view source = run.record.source;
  if (source.substr(0, kSource.size()) == kSource) source.remove_prefix(kSource.size());
  return fs::path(source).parent_path();
}

MlperfRun run_of(const Run& run) {
  const RunRecord& record = run.record;
  MlperfRun one{record.id, record.status == Status::kStoppedEarly, record.executed.total_s, record.executed.epochs};
  if (!one.epochs) one.epochs = record.executed.samples;
  return one;
}

// Without the fastest and slowest; a run that did not converge is slower than all others. Infinite when more of them fail
// than are dropped; nullopt when too few are left.
std::optional<double> mean_time(const MlperfRun* runs, size_t count, int64_t dropped) {
  std::vector<double> seconds;
  for (size_t i = 0; i < count; ++i)
    seconds.push_back(runs[i].converged ? runs[i].seconds.value_or(HUGE_VAL) : HUGE_VAL);
  if (static_cast<int64_t>(count) <= 2 * dropped) return std::nullopt;
  std::sort(seconds.begin(), seconds.end());
  double sum = 0;
  for (size_t i = static_cast<size_t>(dropped); i < count - static_cast<size_t>(dropped); ++i) sum += seconds[i];
  return sum / static_cast<double>(count - 2 * static_cast<size_t>(dropped));
}

// Of more runs than a submission has, the window of consecutive ones whose mean is the median; of two middle ones the slower.
void choose_window(std::vector<MlperfRun>& runs, const MlperfOptions& options) {
  auto wanted = static_cast<size_t>(options.runs);
  if (options.runs == 0 || runs.size() <= wanted) return;
  std::vector<std::pair<double, size_t>> windows;
  for (size_t first = 0; first + wanted <= runs.size(); ++first) {
    windows.emplace_back(mean_time(&runs[first], wanted, options.dropped).value_or(HUGE_VAL), first);
  }
  std::sort(windows.begin(), windows.end());
  size_t first = windows[windows.size() / 2].second;
  runs = {runs.begin() + static_cast<std::ptrdiff_t>(first),
          runs.begin() + static_cast<std::ptrdiff_t>(first + wanted)};
}

void check_against_references(MlperfResult& result, const MlperfOptions& options) {
  std::vector<ReferenceConvergence> same;
  for (const ReferenceConvergence& point : options.references) {
    if (point.benchmark.empty() || point.benchmark == result.benchmark) same.push_back(point);
  }
  result.has_reference = !same.empty();
  if (same.empty() || !result.batch_size) return;
  std::vector<double> epochs;
  for (const MlperfRun& run : result.runs) {
    // As with times: what did not converge is the slowest.
    epochs.push_back(run.converged && run.epochs ? *run.epochs : HUGE_VAL);
  }
  auto known = std::count_if(epochs.begin(), epochs.end(), [](double x) { return std::isfinite(x); });
  if (known + options.dropped < static_cast<int64_t>(epochs.size())) return;
  result.convergence = check_convergence(std::move(same), *result.batch_size, epochs, options.dropped);
}

void score(MlperfResult& result, const std::set<std::string>& benchmarks, const std::set<double>& batches,
           const MlperfOptions& options) {
  result.not_converged =
      std::count_if(result.runs.begin(), result.runs.end(), [](const MlperfRun& run) { return !run.converged; });
  auto count = static_cast<int64_t>(result.runs.size());
  if (benchmarks.size() > 1) {
    result.problem = "its logs are of several benchmarks: " + join({benchmarks.begin(), benchmarks.end()}, ", ");
  } else if (batches.size() > 1) {
    result.problem = "its logs have several batch sizes";
  } else if (count < options.runs) {
    result.problem = cat(count, " of ", options.runs, " runs");
  } else if (count <= 2 * options.dropped) {
    result.problem = cat(count, count == 1 ? " run" : " runs", ", of which ", 2 * options.dropped, " would be dropped");
  } else if (result.not_converged > options.dropped) {
    result.problem = cat(result.not_converged, " runs did not converge, ", options.dropped, " may");
  } else {
    double mean = *mean_time(result.runs.data(), result.runs.size(), options.dropped);
    if (std::isfinite(mean)) result.seconds = mean;
    else result.problem = "runs without run_start";
  }
  if (result.problem.empty()) check_against_references(result, options);
}

}  // namespace

std::optional<double> MlperfResult::score_seconds() const {
  if (!seconds || !convergence || convergence->too_fast) return std::nullopt;
  return *seconds * convergence->normalization;
}

std::vector<MlperfResult> score_mlperf(const std::vector<Run>& logs, const MlperfOptions& options) {
  std::map<fs::path, std::vector<const Run*>> folders;
  for (const Run& run : logs) folders[folder_of(run)].push_back(&run);
  std::vector<MlperfResult> results;
  for (auto& [folder, members] : folders) {
    std::stable_sort(members.begin(), members.end(),
                     [](const Run* a, const Run* b) { return a->record.started_at < b->record.started_at; });
    MlperfResult& result = results.emplace_back();
    result.name = folder.empty() ? "." : folder.filename().string();
    std::set<std::string> benchmarks;
    std::set<double> batches;
    for (const Run* run : members) {
      result.runs.push_back(run_of(*run));
      if (!run->record.workload.empty()) benchmarks.insert(run->record.workload);
      if (run->record.batch_size) batches.insert(*run->record.batch_size);
    }
    result.logs = static_cast<int64_t>(members.size());
    if (benchmarks.size() == 1) result.benchmark = *benchmarks.begin();
    if (batches.size() == 1) result.batch_size = *batches.begin();
    choose_window(result.runs, options);
    score(result, benchmarks, batches, options);
  }
  return results;
}

}  // namespace hasten::evaluate
