// L23: batch size or data differ between the sides.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint unequal_batch_or_data() {
  return {"L23",
          "unequal-batch-or-data",
          Severity::kWarning,
          "If the change is not the method itself, it is a second change.",
          "rule 1 of modded-nanogpt",
          [](const LintInput& input, Check& out) {
            compare_field(input, out, "batch_size", [](const Run& run) { return text_of(run.record.batch_size); });
            compare_field(input, out, "data", [](const Run& run) {
              std::vector<std::string> parts;
              for (const Dataset& data : run.record.data) {
                if (data.use == "train")
                  parts.push_back(cat(data.id, data.hash.empty() ? "" : " " + data.hash,
                                      data.samples ? cat(" of ", *data.samples) : ""));
              }
              return join(parts, " + ");
            });
          }};
}

}  // namespace hasten::evaluate::lints
