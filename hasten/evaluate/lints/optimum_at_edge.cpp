// L02: the best setting lies at the end of what was searched.
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/search_range.h"

namespace hasten::evaluate::lints {

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
