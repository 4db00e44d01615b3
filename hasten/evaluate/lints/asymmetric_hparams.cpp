// L03: a hyperparameter that both sides have differs without having been searched for.
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate::lints {
namespace {

// Settings of optimization that exist whatever the method is, by dotted path.
void collect_shared(const Json& json, const std::string& path, std::map<std::string, std::string>& out) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect_shared(value, path.empty() ? key : path + "." + key, out);
    return;
  }
  if (json.is_array() || json.is_null()) return;
  std::string leaf = path.substr(path.rfind('.') + 1);
  for (const char* word :
       {"weight_decay", "beta", "eps", "warmup", "warm_up", "min_lr", "final_lr", "momentum", "clip"}) {
    if (leaf.find(word) != std::string::npos) out[path] = json.dump();
  }
}

bool searched_without_ranges(const Comparison& comparison, const Group& group) {
  for (const Run* run : headline_runs(comparison, group)) {
    if (run->record.tuning.trials.value_or(0) > 1 && run->record.tuning.ranges.empty()) return true;
  }
  return false;
}

std::map<std::string, std::string> shared_settings(const Run& run) {
  std::map<std::string, std::string> settings;
  collect_shared(recipe(run.record), "", settings);
  return settings;
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
        auto first_settings = [&](const Group& group) {
          auto runs = headline_runs(comparison, group);
          return runs.empty() ? std::map<std::string, std::string>() : shared_settings(*runs.front());
        };
        auto base = first_settings(comparison.baseline());
        for (const Pair& pair : comparison.pairs) {
          const Group& method = comparison.groups[pair.method];
          auto other = first_settings(method);
          if (base.empty() || other.empty()) {
            out.missing("recipe");
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
          for (const auto& [name, value] : base) {
            auto found = other.find(name);
            if (found == other.end() || found->second == value || searched.count(name)) continue;
            out.fire(method.name,
                     cat(name, " is ", found->second, ", of the baseline ", value, ", and was not searched for"));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
