// Comparisons of several workloads into one table.
#include "hasten/evaluate/lints/board.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "hasten/base/text.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct TrialHit {
  size_t index = 0;
  double time = 0;
};

struct CellTimes {
  double least = 0, most = 0;
  std::vector<std::string> ties;
};

// The times of one group on one workload.
CellTimes cell_times(const Comparison& comparison, const Group& group) {
  std::map<std::string, std::vector<TrialHit>> searches;
  for (size_t i : group.runs) {
    const Run& run = comparison.runs[i];
    if (run.record.status == Status::kMissing) continue;
    auto& hits = searches[run.record.tuning.group.empty() ? run.record.id : run.record.tuning.group];
    auto all = readings(run, comparison.metric);
    for (size_t k = 0; k < all.size(); ++k) {
      if (!comparison.target || !reaches(all[k].value, *comparison.target, comparison.metric.direction)) continue;
      if (auto time = event_cost(run, run.events[all[k].event], comparison.cost)) hits.push_back({k, *time});
      break;
    }
  }
  std::vector<double> least, most;
  CellTimes cell;
  for (const auto& [search, hits] : searches) {
    size_t earliest = std::numeric_limits<size_t>::max();
    for (const TrialHit& hit : hits) earliest = std::min(earliest, hit.index);
    double low = kInf, high = -kInf;
    for (const TrialHit& hit : hits) {
      if (hit.index != earliest) continue;
      low = std::min(low, hit.time);
      high = std::max(high, hit.time);
    }
    if (low < high) {
      cell.ties.push_back(cat(group.name, " on ", comparison.workload, ", ", search, ": ", significant(low, 5), " or ",
                              significant(high, 5), " at evaluation ", earliest));
    }
    least.push_back(low);
    most.push_back(hits.empty() ? kInf : high);
  }
  cell.least = stats::median(least);  // NaN when nothing was run
  cell.most = stats::median(most);
  return cell;
}

}  // namespace

BoardTable board_table(std::span<const Comparison> comparisons) {
  BoardTable board;
  std::set<std::string> names;
  for (const Comparison& comparison : comparisons) {
    for (const Group& group : comparison.groups) names.insert(group.name);
  }
  std::vector<const Comparison*> base, held_out;
  for (const Comparison& comparison : comparisons) {
    bool variant = std::any_of(comparisons.begin(), comparisons.end(), [&](const Comparison& other) {
      return other.workload != comparison.workload && !other.workload.empty() &&
             comparison.workload.find(other.workload) != std::string::npos;
    });
    if (!variant) base.push_back(&comparison);
    if (variant && 2 * comparison.groups.size() > names.size()) held_out.push_back(&comparison);
  }
  TimeTable shape;
  shape.submissions.assign(names.begin(), names.end());
  for (const Comparison* comparison : base) shape.workloads.push_back(comparison->workload);
  for (const Comparison* comparison : held_out) {
    shape.held_out.push_back(comparison->workload);
    size_t at = 0;
    while (comparison->workload.find(shape.workloads[at]) == std::string::npos) ++at;
    shape.base_of.push_back(at);
  }
  board.least = board.most = shape;
  for (const std::string& name : shape.submissions) {
    for (TimeTable* table : {&board.least, &board.most}) {
      table->time.emplace_back();
      table->held_out_time.emplace_back();
    }
    auto add = [&](const Comparison& comparison, std::vector<double>& least, std::vector<double>& most) {
      CellTimes cell{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(), {}};
      for (const Group& group : comparison.groups) {
        if (group.name == name) cell = cell_times(comparison, group);
      }
      least.push_back(cell.least);
      most.push_back(cell.most);
      if (cell.least != cell.most) board.ties.insert(board.ties.end(), cell.ties.begin(), cell.ties.end());
    };
    for (const Comparison* comparison : base) add(*comparison, board.least.time.back(), board.most.time.back());
    for (const Comparison* comparison : held_out)
      add(*comparison, board.least.held_out_time.back(), board.most.held_out_time.back());
  }
  return board;
}

}  // namespace hasten::evaluate::lints
