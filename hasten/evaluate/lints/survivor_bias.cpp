// L31: runs that failed or went missing are not in the mean.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

std::map<std::string, std::set<int64_t>> trials_by_search(const Comparison& comparison, const Group& group) {
  std::map<std::string, std::set<int64_t>> searches;
  for (const Run* run : runs_of(comparison, group)) {
    if (!run->record.tuning.group.empty() && run->record.tuning.trial)
      searches[run->record.tuning.group].insert(*run->record.tuning.trial);
  }
  return searches;
}

// Searches with fewer trials than they were to have, and groups with fewer searches than others. Runs of one trial only are
// seeds of a setting that was found elsewhere.
void missing_trials(const Comparison& comparison, const Group& group, size_t most_searches, Check& out) {
  auto searches = trials_by_search(comparison, group);
  int64_t expected = 0;
  bool searched = false;
  for (const Run* run : runs_of(comparison, group))
    expected = std::max(expected, run->record.tuning.trials.value_or(0));
  for (const auto& [search, trials] : searches) searched = searched || trials.size() > 1;
  if (!searched && most_searches <= 1) return;
  for (const auto& [search, trials] : searches) {
    if (static_cast<int64_t>(trials.size()) < expected) {
      out.fire(group.name, cat(search, ": ", trials.size(), " of ", expected, " trials are here"));
    }
  }
  if (!searches.empty() && searches.size() < most_searches) {
    out.fire(group.name, cat(searches.size(), " searches are here, other groups have ", most_searches));
  }
}

}  // namespace

Lint survivor_bias() {
  return {"L31",
          "survivor-bias",
          Severity::kError,
          "Dropping the runs that failed makes a fragile method look good.",
          "MLPerf rules; logs of AlgoPerf v0.5",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            size_t most_searches = 0;
            for (const Group& group : comparison.groups)
              most_searches = std::max(most_searches, trials_by_search(comparison, group).size());
            for (const Group& group : comparison.groups) {
              std::vector<std::string> lost;
              std::optional<int64_t> planned;
              for (const Point& point : group.points) {
                for (size_t i : point.failed) {
                  const RunRecord& record = comparison.runs[i].record;
                  // A search counts trials that are gone below, and one that diverged is an answer.
                  if (record.tuning.trial && (record.status == Status::kMissing || record.status == Status::kDiverged))
                    continue;
                  lost.push_back(cat(record.id, " (", name(record.status), ")"));
                }
              }
              for (size_t i : group.runs) {
                if (auto here = comparison.runs[i].record.planned_runs) planned = std::max(planned.value_or(0), *here);
              }
              missing_trials(comparison, group, most_searches, out);
              auto found = static_cast<int64_t>(runs_of(comparison, group).size());
              if (found == 0) {
                out.fire(Severity::kInfo, group.name, "none of its runs is here: it says nothing about this workload");
                continue;
              }
              if (!lost.empty()) out.fire(group.name, cat(lost.size(), " without a result: ", join(lost, ", ")));
              if (!planned) {
                out.missing("planned_runs");
              } else if (found < *planned && trials_by_search(comparison, group).empty()) {
                out.fire(group.name, cat(found, " of ", *planned, " planned runs are here"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
