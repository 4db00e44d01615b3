// L02: the best setting lies at the end of what was searched.
#include <algorithm>
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate::lints {
namespace {

std::optional<std::string> at_edge(const SearchRange& range, double value) {
  if (range.values.size() > 1) {
    auto [low, high] = std::minmax_element(range.values.begin(), range.values.end());
    if (value <= *low) return "the first of the values tried";
    if (value >= *high) return "the last of the values tried";
    return std::nullopt;
  }
  if (!range.low || !range.high || !(*range.low < *range.high)) return std::nullopt;
  if (range.log && !(*range.low > 0 && value > 0)) return std::nullopt;
  auto scale = [&](double x) { return range.log ? std::log(x) : x; };
  double place = (scale(value) - scale(*range.low)) / (scale(*range.high) - scale(*range.low));
  if (place < 0.05) return "within 5% of the low end of its range";
  if (place > 0.95) return "within 5% of the high end of its range";
  return std::nullopt;
}

}  // namespace

Lint optimum_at_edge() {
  return {"L02",
          "optimum-at-edge",
          Severity::kWarning,
          "A best value at the end of its range says that better ones lie outside.",
          "Wen et al. (arXiv:2509.02046)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            for (const Group& group : comparison.groups) {
              bool known = false;
              std::set<std::string> hits;
              for (const Run* run : headline_runs(comparison, group)) {
                Json settings = recipe(run->record);
                for (const SearchRange& range : run->record.tuning.ranges) {
                  auto value = setting(settings, range.name);
                  if (!value) continue;
                  known = true;
                  if (auto edge = at_edge(range, *value))
                    hits.insert(cat(range.name, " = ", number(*value), " is ", *edge));
                }
              }
              for (const std::string& hit : hits) out.fire(group.name, hit);
              if (!known) out.missing("tuning.ranges");
            }
          }};
}

}  // namespace hasten::evaluate::lints
