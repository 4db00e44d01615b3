// L18: one side times its first steps, the other does not.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

// Seconds a step of the first interval over the median one.
std::optional<double> first_over_median(const Run& run) {
  std::vector<double> steps = seconds_per_step(run);
  if (steps.size() < 2) return std::nullopt;
  for (const EventRecord& event : run.events) {
    if (!event.t_train || !event.step || *event.step <= 0) continue;
    return *event.t_train / static_cast<double>(*event.step) / stats::median(std::move(steps));
  }
  return std::nullopt;
}

}  // namespace

Lint compile_warmup() {
  return {"L18",
          "compile-warmup-inconsistent",
          Severity::kWarning,
          "Compilation inside one clock only is a handicap, not a result.",
          "modded-nanogpt changed what it times at record 21",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            bool declared = false;
            for (const Run& run : comparison.runs)
              declared = declared || run.record.clocks.untimed_warmup_steps.has_value();
            if (declared) {
              compare_field(input, out, "clocks.untimed_warmup_steps",
                            [](const Run& run) { return text_of(run.record.clocks.untimed_warmup_steps); });
            }
            std::map<std::string, double> ratios;
            for (const Group& group : comparison.groups) {
              stats::Moments slow;
              for (const Run* run : headline_runs(comparison, group)) {
                if (auto ratio = first_over_median(*run)) slow.add(*ratio);
              }
              if (slow.n == 0) {
                out.missing("t_train and step of three or more events");
              } else {
                ratios[group.name] = slow.mean;
              }
            }
            constexpr double kSlow = 5;
            std::vector<std::string> calm;
            double most = 0;
            for (const auto& [group, ratio] : ratios) {
              if (ratio > kSlow) continue;
              calm.push_back(group);
              most = std::max(most, ratio);
            }
            if (calm.empty()) return;
            const std::string others = calm.size() == 1 ? calm.front() + " " : cat(calm.size(), " others at most ");
            for (const auto& [group, ratio] : ratios) {
              if (ratio <= kSlow) continue;
              out.fire(group, cat("its first steps take ", fixed(ratio, 1), " times its median step, those of ", others,
                                  fixed(most, 1), " times"));
            }
          }};
}

}  // namespace hasten::evaluate::lints
