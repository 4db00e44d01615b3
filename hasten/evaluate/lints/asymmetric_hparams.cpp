// L03: a hyperparameter that both sides have differs without having been searched for.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

// Settings of optimization that exist whatever the method is.
const std::vector<std::string> kSharedWords{"_weight_decay_", "_wd_",     "_beta_",    "_betas_",  "_eps_",
                                            "_epsilon_",      "_warmup_", "_warm_up_", "_min_lr_", "_final_lr_",
                                            "_momentum_",     "_clip_",   "_clipping_"};

bool searched_without_ranges(const Comparison& comparison, const Group& group) {
  for (const Run* run : headline_runs(comparison, group)) {
    if (run->record.tuning.trials.value_or(0) > 1 && run->record.tuning.ranges.empty()) return true;
  }
  return false;
}

}  // namespace

Lint asymmetric_hparams() {
  return {
      "L03",
      "asymmetric-hparams",
      Severity::kWarning,
      "Weight decay, betas, epsilon, warm-up or final rate that differ by accident decide more than most methods do.",
      "issues of AdaBelief (#6) and Sophia (#31)",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        GroupSettings base = settings_named(comparison, comparison.baseline(), kSharedWords);
        for (const Pair& pair : comparison.pairs) {
          const Group& method = comparison.groups[pair.method];
          GroupSettings other = settings_named(comparison, method, kSharedWords);
          if (base.empty() || other.empty()) {
            out.missing("recipe with weight decay, betas, warm-up or the like");
            continue;
          }
              // A search whose ranges nobody recorded may have covered any of them.
          if (searched_without_ranges(comparison, comparison.baseline()) ||
              searched_without_ranges(comparison, method)) {
            out.missing("tuning.ranges");
            continue;
          }
          std::set<std::string> searched;
          for (const Group* group : {&comparison.baseline(), &method}) {
            for (const Run* run : headline_runs(comparison, *group)) {
              for (const SearchRange& range : run->record.tuning.ranges) searched.insert(range.name);
            }
          }
          for (const auto& [name, values] : base) {
            auto found = other.find(name);
            if (found == other.end() || found->second == values || searched.count(name)) continue;
            out.fire(method.name,
                     cat(name, " is ", join({found->second.begin(), found->second.end()}, " or "), ", of the baseline ",
                         join({values.begin(), values.end()}, " or "), ", and was not searched for"));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
