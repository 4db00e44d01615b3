// L12: quality is measured on training data.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint quality_on_train() {
  return {"L12",
          "quality-on-train",
          Severity::kError,
          "Fit is not quality.",
          "AlgoPerf measures on validation data",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (comparison.metric.split == "train")
              out.fire(comparison.workload, "the metric is measured on the train split");
            bool hashes = false;
            std::set<std::string> hits;
            for (const Run& run : comparison.runs) {
              std::set<std::string> trained;
              for (const Dataset& data : run.record.data) {
                if (data.use == "train" && !data.hash.empty()) trained.insert(data.hash);
              }
              for (const Dataset& data : run.record.data) {
                if (data.use != "eval" || data.hash.empty()) continue;
                hashes = hashes || !trained.empty();
                if (trained.count(data.hash)) hits.insert(data.id + "/" + data.split);
              }
            }
            for (const std::string& hit : hits) out.fire(hit, "the same data are trained on and evaluated");
            if (comparison.metric.split.empty() && !hashes) out.missing("metric.split, or data with hashes");
          }};
}

}  // namespace hasten::evaluate::lints
