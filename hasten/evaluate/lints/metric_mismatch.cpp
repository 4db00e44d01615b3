// L14: the sides measure different things.
#include <algorithm>

#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint metric_mismatch() {
  return {"L14",
          "metric-mismatch",
          Severity::kError,
          "Averaged weights, test-time augmentation, another tokenizer or subset on one side is another metric.",
          "airbench (test-time augmentation); modded-nanogpt (fixed validation tokens)",
          [](const LintInput& input, Check& out) {
            compare_field(input, out, "metric.name", [](const Run& run) { return run.record.metric.name; });
            for (const Group& group : input.comparison.groups) {
              for (const Run* run : runs_of(input.comparison, group)) {
                if (run->record.metric.name.empty()) return;  // the rest are defaults, not facts
              }
            }
            compare_field(input, out, "metric.split", [](const Run& run) {
              return run.record.metric.split.empty() ? std::string("unnamed") : run.record.metric.split;
            });
            compare_field(input, out, "metric.direction",
                          [](const Run& run) { return std::string(name(run.record.metric.direction)); });
            compare_field(input, out, "metric.aggregation",
                          [](const Run& run) { return run.record.metric.aggregation; });
            // Weights that a method of the recipe provides are what is being compared, not another measurement.
            compare_field(input, out, "metric.weights", [](const Run& run) {
              const auto& methods = run.record.methods;
              bool method = std::find(methods.begin(), methods.end(), run.record.metric.weights) != methods.end();
              return method ? std::string("raw") : run.record.metric.weights;
            });
            compare_field(input, out, "metric.definition", [](const Run& run) {
              return run.record.metric.definition.empty() ? std::string("none given") : run.record.metric.definition;
            });
          }};
}

}  // namespace hasten::evaluate::lints
