// Verdicts on the runs of an ablation.
#include <algorithm>
#include <cmath>
#include <map>

#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/study/ablate.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;
using evaluate::Arm;
using evaluate::Change;

std::optional<double> executed(const evaluate::Totals& totals, Unit unit) {
  switch (unit) {
    case Unit::kEpoch: return totals.epochs;
    case Unit::kStep: return totals.steps;
    case Unit::kSample: return totals.samples;
    case Unit::kToken: return totals.tokens;
    case Unit::kSecond: return totals.train_s;
    case Unit::kFlop: return totals.flops;
    case Unit::kJoule: return totals.joules;
    case Unit::kFraction: return std::nullopt;
  }
  return std::nullopt;
}

// Why one of these methods could not act in the runs of the group, or nothing. A budget in seconds does not tell beforehand how
// many epochs or steps it is.
std::string too_short(const std::vector<evaluate::Run>& runs, const std::string& group, const Recipe& recipe,
                      const std::vector<std::string>& methods) {
  for (const MethodChoice& choice : recipe.methods) {
    const Duration& least = choice.spec->min_horizon;
    if (std::find(methods.begin(), methods.end(), choice.spec->name) == methods.end()) continue;
    std::optional<double> shortest;
    for (const evaluate::Run& run : runs) {
      if (run.record.group != group || run.record.status != evaluate::Status::kOk) continue;
      const std::optional<double> length = executed(run.record.executed, least.unit);
      if (length) shortest = std::min(length.value(), shortest.value_or(*length));
    }
    constexpr double kRounding = 1e-9;
    if (!shortest || *shortest >= least.value * (1 - kRounding)) continue;
    return cat(choice.spec->name, " acts in runs of at least ", to_string(least), ", and the shortest of these was ",
               to_string(Duration{std::floor(100 * *shortest) / 100, least.unit}));
  }
  return "";
}

// The sides that can be judged; of the others, why not.
std::vector<Arm> judged_arms(const AblatePlan& plan, const std::vector<evaluate::Run>& runs,
                             std::vector<evaluate::MethodLeftAside>& aside) {
  std::map<std::string, std::string> short_groups;
  for (const PlannedArm& planned : plan.arms) {
    const Arm& arm = planned.arm;
    const bool added = arm.change == Change::kAdded;  // else it is the baseline that has the methods
    short_groups[arm.group] =
        too_short(runs, added ? arm.group : kBaselineGroup, added ? planned.recipe : plan.baseline, arm.methods);
  }
  std::vector<Arm> judged;
  for (Arm& arm : plan.compared()) {
    const std::string &own = short_groups[arm.group], &of_control = short_groups[arm.control_group];
    if (own.empty() && of_control.empty()) judged.push_back(std::move(arm));
    else if (arm.control_group.empty()) aside.push_back({join(arm.methods, " with "), own});
    else if (own.empty()) aside.push_back({cat(join(arm.methods, " with "), " against ", arm.control), of_control});
  }
  return judged;
}

}  // namespace

JudgedAblation judge_runs(const AblatePlan& plan, const std::vector<fs::path>& paths) {
  std::vector<evaluate::Run> runs;
  for (const fs::path& path : paths) runs.push_back(evaluate::read_run(path));
  evaluate::CompareOptions options;
  options.baseline = kBaselineGroup;
  options.equal_budgets = true;
  JudgedAblation judged{evaluate::compare(std::move(runs), options), {}, plan.not_applicable};
  const std::vector<Arm> arms = judged_arms(plan, judged.comparison.runs, judged.not_applicable);
  judged.ablation = evaluate::judge_ablation(judged.comparison, arms, plan.judging());
  return judged;
}

}  // namespace hasten
