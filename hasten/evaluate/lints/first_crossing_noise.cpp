// L30: the run crossed its target by luck.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint first_crossing_noise() {
  return {"L30",
          "first-crossing-noise",
          Severity::kWarning,
          "The first crossing is the luckiest of many looks: runs that fall below the target again were not there.",
          "DAWNBench CIFAR10: 10 of 31 entries fall below again",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (!comparison.target) return out.missing("target");
            if (!reads_crossings(comparison)) return out.missing("first crossings (--time-to-target first reads them)");
            for (const Group& group : comparison.groups) {
              const auto& spread = group.points[group.headline].quality;
              for (const Run* run : headline_runs(comparison, group)) {
                auto all = readings(*run, comparison.metric);
                size_t at = 0;
                while (at < all.size() && !reaches(all[at].value, *comparison.target, comparison.metric.direction))
                  ++at;
                if (at == all.size()) continue;
                size_t below = 0;
                for (size_t i = at + 1; i < all.size(); ++i) {
                  below += reaches(all[i].value, *comparison.target, comparison.metric.direction) ? 0 : 1;
                }
                double margin = advantage(all[at].value, *comparison.target, comparison.metric.direction);
                if (below > 0) {
                  out.fire(run->record.id, cat("falls below the target again in ", below, " of the ",
                                               all.size() - at - 1, " evaluations after its first crossing"));
                } else if (spread && spread->sd && margin < *spread->sd) {
                  out.fire(run->record.id,
                           cat("crosses by ", significant(margin, 2),
                               ", less than one standard deviation of the seeds, ", significant(*spread->sd, 2)));
                }
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
