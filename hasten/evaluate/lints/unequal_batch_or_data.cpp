// L23: batch size or data differ between the sides.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

const std::vector<std::string> kDataWords{"_augmentation_", "_augmentations_", "_data_augment_", "_flip_",
                                          "_crop_",         "_translate_",     "_data_filter_",  "_dataset_filter_"};

// Epochs, samples and tokens that a step takes, where all groups record them: sequence length and the size of the data
// show here when the batch size does not.
void compare_per_step(const Comparison& comparison, Check& out) {
  for (const LengthUnit& unit : kLengthUnits) {
    if (!unit.logged) continue;
    std::vector<std::pair<double, std::string>> per_step;
    size_t groups = 0;
    for (const Group& group : comparison.groups) {
      stats::Moments amount;
      for (const Run* run : runs_of(comparison, group)) {
        auto length = executed_length(*run, unit), steps = run_cost(*run, Cost::kSteps);
        if (length && steps && *steps > 0) amount.add(*length / *steps);
      }
      groups += runs_of(comparison, group).empty() ? 0 : 1;
      if (amount.n > 0) per_step.emplace_back(amount.mean, group.name);
    }
    if (per_step.empty() || per_step.size() < groups) continue;
    std::sort(per_step.begin(), per_step.end());
    if (per_step.back().first <= 1.05 * per_step.front().first) continue;  // last batches of epochs may be smaller
    std::vector<std::string> parts;
    for (const auto& [amount, group] : per_step) parts.push_back(cat(group, " ", significant(amount, 3)));
    out.fire(comparison.workload, cat(unit.name, " a step differ: ", join(parts, ", ")));
  }
}

void compare_data_settings(const Comparison& comparison, Check& out) {
  GroupSettings base = settings_named(comparison, comparison.baseline(), kDataWords);
  for (const Pair& pair : comparison.pairs) {
    const Group& method = comparison.groups[pair.method];
    for (const auto& [name, values] : settings_named(comparison, method, kDataWords)) {
      auto found = base.find(name);
      if (found == base.end() || found->second == values) continue;
      out.fire(method.name, cat(name, " is ", join({values.begin(), values.end()}, " or "), ", of the baseline ",
                                join({found->second.begin(), found->second.end()}, " or ")));
    }
  }
}

}  // namespace

Lint unequal_batch_or_data() {
  return {"L23",
          "unequal-batch-or-data",
          Severity::kWarning,
          "If the change is not the method itself, it is a second change.",
          "rule 1 of modded-nanogpt",
          [](const LintInput& input, Check& out) {
            compare_field(input, out, "batch_size", [](const Run& run) { return text_of(run.record.batch_size); });
            if (out.hits.empty()) compare_per_step(input.comparison, out);
            compare_field(input, out, "data", [](const Run& run) {
              std::vector<std::string> parts;
              for (const Dataset& data : run.record.data) {
                if (data.use == "train")
                  parts.push_back(cat(data.id, data.hash.empty() ? "" : " " + data.hash,
                                      data.samples ? cat(" of ", *data.samples) : ""));
              }
              return join(parts, " + ");
            });
            compare_data_settings(input.comparison, out);
          }};
}

}  // namespace hasten::evaluate::lints
