// L01: the baseline got less tuning than the method.
#include <set>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

// Settings tried for a group: as recorded, else the distinct trials among its runs.
std::optional<double> trials_tried(const Comparison& comparison, const Group& group) {
  std::optional<double> recorded;
  std::map<std::string, std::set<int64_t>> seen;
  for (const Run* run : runs_of(comparison, group)) {
    const Tuning& tuning = run->record.tuning;
    if (tuning.trials) recorded = std::max(recorded.value_or(0), static_cast<double>(*tuning.trials));
    if (tuning.trial) seen[tuning.group].insert(*tuning.trial);
  }
  for (const auto& [search, trials] : seen)
    recorded = std::max(recorded.value_or(0), static_cast<double>(trials.size()));
  return recorded;
}

}  // namespace

Lint baseline_undertuned() {
  return {"L01",
          "baseline-undertuned",
          Severity::kError,
          "A baseline that was tuned less than the method loses for a reason that is not the method.",
          "AlgoPerf (arXiv:2306.07179); Wen et al. (arXiv:2509.02046); Kaddour et al., No Train No Gain",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            auto base = trials_tried(comparison, comparison.baseline());
            for (const Pair& pair : comparison.pairs) {
              const Group& method = comparison.groups[pair.method];
              auto tried = trials_tried(comparison, method);
              if (!base || !tried) {
                out.missing("tuning.trials");
                continue;
              }
              auto base_cost = comparison.baseline().points[comparison.baseline().headline].tuning_cost;
              auto cost = method.points[method.headline].tuning_cost;
              if (*base < 0.5 * *tried) {
                out.fire(comparison.baseline().name,
                         cat("tuned with ", *base, " trials, ", method.name, " with ", *tried));
              } else if (base_cost && cost && *base_cost < 0.5 * *cost) {
                out.fire(comparison.baseline().name,
                         cat("its search cost ", cost_text(comparison.cost, *base_cost), ", that of ", method.name, " ",
                             cost_text(comparison.cost, *cost)));
              } else if (*base <= 1) {
                out.fire(Severity::kWarning, comparison.baseline().name,
                         "its settings were not searched for: a better setting of the baseline may close the gap");
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
