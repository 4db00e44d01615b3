// Arms from methods, runs from arms.
#include "hasten/study/ablate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/stats/power.h"
#include "hasten/study/halving.h"
#include "hasten/study/study_directory.h"
#include "hasten/train/plan_recipe.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;
using evaluate::Arm;
using evaluate::Change;

// "infobatch(ratio=0.4) vs random_subset(keep=0.8)": the method, and its control.
std::pair<std::string, std::string> method_and_control(const std::string& setting) {
  constexpr std::string_view kVersus = " vs ";
  const size_t at = setting.find(kVersus);
  if (at == std::string::npos) return {setting, ""};
  return {std::string(trim(std::string_view(setting).substr(0, at))),
          std::string(trim(std::string_view(setting).substr(at + kVersus.size())))};
}

std::string name_in(const std::string& setting) {
  return std::string(trim(std::string_view(setting).substr(0, setting.find('('))));
}

class Planner {
 public:
  Planner(const AblateOptions& options, const Registry& registry) : options_(options), registry_(registry) {
    plan_.options = options;
    plan_.baseline = with_budget(load_recipe(options.recipe, registry.catalogue(), {{}, {}, options.set}));
    plan_.title = plan_.baseline.name;
    constexpr double kOfAccuracy = 0.002, kOfLoss = 0.005;
    if (!options.margin) plan_.options.margin = plan_.baseline.metric.higher_is_better() ? kOfAccuracy : kOfLoss;
    plan_recipe(plan_.baseline, registry_);
  }

  AblatePlan take() && {
    for (const std::string& setting : options_.add) {
      if (setting != "all") add_with_control(setting);
    }
    if (std::find(options_.add.begin(), options_.add.end(), "all") != options_.add.end()) add_all();
    if (options_.leave_out) leave_out_each();
    if (options_.pairs) add_pairs();
    if (plan_.arms.empty()) {
      throw ConfigError("--add", "methods to add, or --leave-out for a recipe that has some",
                        options_.leave_out ? "a recipe without methods" : "neither");
    }
    return std::move(plan_);
  }

 private:
  Recipe with_budget(Recipe recipe) const {
    const Duration own = recipe.budget;
    recipe.budget = options_.budget.unit == Unit::kFraction ? rung_budget(own, options_.budget.value) : options_.budget;
    recipe.evaluation.every = {1, Unit::kFraction};  // only the end is judged
    recipe.checkpoint.keep = 1;
    return recipe;
  }

  void add_with_control(const std::string& setting) {
    const auto [method, control] = method_and_control(setting);
    add({method}, /*required=*/true);
    if (control.empty()) return;
    const std::string group = "control-of-" + name_in(method);
    plan_.arms.back().control = control;
    plan_.arms.back().control_group = group;
    add({control}, /*required=*/true, group);
    plan_.arms.back().is_control = true;
  }

  // `control_group`: that of runs which only another arm is compared with.
  void add(const std::vector<std::string>& settings, bool required, const std::string& control_group = "") {
    Arm arm;
    arm.settings = settings;
    for (const std::string& setting : settings) arm.methods.push_back(name_in(setting));
    arm.group = control_group.empty() ? "with-" + join(arm.methods, "+") : control_group;
    for (const std::string& method : arm.methods) {
      if (!has(method)) continue;
      throw ConfigError("--add " + method, "a method that the recipe does not have", "one that it has",
                        "--leave-out tells what it gives");
    }
    plan(std::move(arm), required, [&] {
      return with_budget(load_recipe(options_.recipe, registry_.catalogue(), {settings, {}, options_.set}));
    });
  }

  void leave_out(const std::vector<std::string>& names) {
    plan({"without-" + join(names, "+"), Change::kLeftOut, names, names}, /*required=*/false, [&] {
      Recipe recipe = plan_.baseline;
      std::erase_if(recipe.methods, [&](const MethodChoice& choice) {
        return std::find(names.begin(), names.end(), choice.spec->name) != names.end();
      });
      return recipe;
    });
  }

  void plan(Arm arm, bool required, const std::function<Recipe()>& make) {
    PlannedArm planned{std::move(arm), {}};
    try {
      planned.recipe = make();
      plan_recipe(planned.recipe, registry_);  // every mistake shows before the first step
    } catch (const ConfigError& error) {
      if (required) throw;
      plan_.not_applicable.push_back({join(planned.arm.methods, " with "),
                                      cat(error.where(), ": expected ", error.expected(), ", got ", error.got())});
      return;
    }
    if (!groups_.insert(planned.arm.group).second) {
      throw ConfigError("--add", "each method once", planned.arm.methods.front() + " twice");
    }
    plan_.arms.push_back(std::move(planned));
  }

  bool has(const std::string& method) const {
    const auto& methods = plan_.baseline.methods;
    return std::any_of(methods.begin(), methods.end(),
                       [&](const MethodChoice& choice) { return choice.spec->name == method; });
  }

  void add_all() {
    for (const MethodSpec& spec : registry_.catalogue().all()) {
      if (groups_.contains("with-" + spec.name)) continue;
      if (has(spec.name)) plan_.not_applicable.push_back({spec.name, "the baseline has it"});
      else add({spec.name}, /*required=*/false);
    }
  }

  void leave_out_each() {
    for (const MethodChoice& choice : plan_.baseline.methods) leave_out({choice.spec->name});
  }

  // Of methods that are compared alone, for only then their sum is known.
  void add_pairs() {
    const std::vector<PlannedArm> singles = plan_.arms;
    for (size_t i = 0; i < singles.size(); ++i) {
      for (size_t j = i + 1; j < singles.size(); ++j) {
        const Arm &a = singles[i].arm, &b = singles[j].arm;
        if (a.change != b.change || singles[i].is_control || singles[j].is_control) continue;
        if (a.change == Change::kAdded) add({a.settings[0], b.settings[0]}, /*required=*/false);
        else leave_out({a.methods[0], b.methods[0]});
      }
    }
  }

  const AblateOptions& options_;
  const Registry& registry_;
  AblatePlan plan_;
  std::set<std::string> groups_;
};

}  // namespace

AblatePlan plan_ablate(const AblateOptions& options, const Registry& registry) {
  check_seeds(options.seeds);
  return Planner(options, registry).take();
}

namespace {

// Against k sides the baseline is compared k times, so it gets about sqrt(k) runs for each of a side's (Dunnett 1955).
size_t baseline_runs_a_turn(size_t sides) {
  return std::max<size_t>(1, std::llround(std::sqrt(static_cast<double>(sides))));
}

// Turns are places in the plan's seeds, the further ones after the first. `baseline_before`: runs of the baseline in turns before these.
std::vector<RunRequest> interleaved(const AblatePlan& plan, const std::vector<const PlannedArm*>& arms,
                                    size_t first_turn, size_t end_turn, size_t baseline_before) {
  constexpr uint64_t kFurtherSeeds = 100000;  // of the baseline: far from those that people choose
  std::vector<uint64_t> seeds = plan.options.seeds;
  seeds.insert(seeds.end(), plan.options.further_seeds.begin(), plan.options.further_seeds.end());
  const size_t times = baseline_runs_a_turn(arms.size());
  const auto request = [&](const Recipe& recipe, const std::string& group, uint64_t seed, size_t runs) {
    RunRequest request;
    request.recipe = recipe;
    request.seed = seed;
    request.group = group;
    request.role = group == kBaselineGroup ? evaluate::Role::kBaseline : evaluate::Role::kMethod;
    request.planned_runs = static_cast<int64_t>(runs);
    request.out = plan.options.out / group / cat("seed-", seed);
    return request;
  };
  std::vector<RunRequest> requests;
  for (size_t turn = first_turn; turn < end_turn; ++turn) {
    std::vector<RunRequest> round;
    for (const PlannedArm* planned : arms)
      round.push_back(request(planned->recipe, planned->arm.group, seeds[turn], end_turn));
    std::rotate(round.begin(), round.begin() + static_cast<std::ptrdiff_t>(turn % round.size()), round.end());
    // The baseline among them, evenly.
    for (size_t i = 0; i < times; ++i) {
      const uint64_t seed = i == 0 ? seeds[turn] : kFurtherSeeds + turn * plan.arms.size() + i;
      const size_t place = i * (arms.size() + times) / times;
      round.insert(round.begin() + static_cast<std::ptrdiff_t>(std::min(place, round.size())),
                   request(plan.baseline, kBaselineGroup, seed, baseline_before + (end_turn - first_turn) * times));
    }
    requests.insert(requests.end(), round.begin(), round.end());
  }
  return requests;
}

}  // namespace

std::vector<RunRequest> AblatePlan::runs() const {
  std::vector<const PlannedArm*> all;
  for (const PlannedArm& planned : arms) all.push_back(&planned);
  return interleaved(*this, all, 0, options.seeds.size(), 0);
}

std::vector<RunRequest> AblatePlan::further_runs(const std::set<std::string>& groups) const {
  std::vector<const PlannedArm*> open;
  for (const PlannedArm& planned : arms) {
    if (groups.contains(planned.arm.group)) open.push_back(&planned);
  }
  if (open.empty()) return {};
  const size_t first = options.seeds.size();
  return interleaved(*this, open, first, first + options.further_seeds.size(),
                     first * baseline_runs_a_turn(arms.size()));
}

std::vector<Arm> AblatePlan::compared() const {
  std::vector<Arm> compared;
  for (const PlannedArm& planned : arms) {
    if (planned.is_control) continue;
    compared.push_back(planned.arm);
    if (planned.control.empty()) continue;
    compared.push_back(planned.arm);
    compared.back().control = planned.control;
    compared.back().control_group = planned.control_group;
  }
  return compared;
}

evaluate::AblationOptions AblatePlan::judging() const {
  evaluate::AblationOptions judging;
  judging.margin = options.margin.value();
  if (!options.further_seeds.empty()) {
    // The baseline may have less than this many times its runs at the second look, which only makes the two more alike.
    const auto first = static_cast<double>(options.seeds.size()),
               second = first + static_cast<double>(options.further_seeds.size());
    constexpr double kDigits = 1e4;  // as tables give it
    judging.confidence =
        std::round(kDigits * stats::confidence_of_two_looks(first / second, judging.confidence)) / kDigits;
  }
  const Unit unit = baseline.budget.unit;
  judging.budget_is_cost = unit == Unit::kSecond || unit == Unit::kFlop || unit == Unit::kJoule;
  return judging;
}

Json AblatePlan::definition() const {
  Json json = {{"jobs", options.jobs},
               {"threads", options.threads},
               {"margin", options.margin.value()},
               {"confidence", judging().confidence},
               {"baseline", baseline.hash()},
               {"arms", Json::object()}};
  for (const PlannedArm& planned : arms) json["arms"][planned.arm.group] = planned.recipe.hash();
  return json;
}

Json AblatePlan::looks() const { return {{"seeds", options.seeds}, {"further_seeds", options.further_seeds}}; }

namespace {

using Ended = std::function<void(const RunRequest&, RunEnd, size_t, size_t)>;

// Those that are not finished, and adds to what the study has.
void run_requests(const AblatePlan& plan, const std::vector<RunRequest>& all, const RunLauncher& launch,
                  const Ended& ended, AblateResult& result) {
  std::vector<RunRequest> waiting;
  for (RunRequest request : all) {
    if (is_finished_run(request.out)) continue;
    request.resume = fs::exists(request.out / "run.json");
    waiting.push_back(std::move(request));
  }
  size_t count = all.size() - waiting.size();
  const std::vector<RunEnd> ends = run_all(waiting, launch, plan.options.jobs, [&](size_t index, RunEnd end) {
    if (end != RunEnd::kInterrupted) ended(waiting[index], end, ++count, all.size());
  });
  result.failed += std::count(ends.begin(), ends.end(), RunEnd::kFailed);
  for (const RunEnd& end : ends) result.exit_code = joint_exit_code(result.exit_code, end.exit_code);
  result.interrupted = std::count(ends.begin(), ends.end(), RunEnd::kInterrupted) > 0;
  for (const RunRequest& request : all) {
    if (evaluate::is_run(request.out)) result.runs.push_back(request.out);
  }
}

// The groups that all further seeds would decide, with their controls. How many runs the baseline gets goes by how many they
// are: from all on, until it is the same ones.
std::set<std::string> open_groups(const AblatePlan& plan, const std::vector<fs::path>& runs) {
  const size_t further = plan.options.further_seeds.size();
  const auto more = static_cast<int64_t>(further);
  const JudgedAblation judged = judge_runs(plan, runs);
  size_t sides = plan.arms.size();
  while (true) {
    const auto of_baseline = static_cast<int64_t>(further * baseline_runs_a_turn(sides));
    std::set<std::string> groups;
    for (const evaluate::Effect& effect : judged.ablation.effects) {
      const std::string& control = effect.arm.control_group;
      if (!is_worth_more_runs(effect, judged.ablation.options, more, control.empty() ? of_baseline : more)) continue;
      groups.insert(effect.arm.group);
      if (!control.empty()) groups.insert(control);
    }
    if (groups.empty() || groups.size() == sides) return groups;
    sides = groups.size();
  }
}

}  // namespace

AblateResult run_ablate(const AblatePlan& plan, const RunLauncher& launch, const Ended& ended) {
  const Json looks = plan.looks();
  const OpenStudy study = open_study(
      {plan.options.out, "ablate.json", "an ablation", plan.options.resume},
      {{"version", 1}, {"command", plan.options.command}, {"definition", plan.definition()}, {"looks", looks}});
  // Seeds that follow on a look are a second look, and one that nobody planned finds too much.
  if (const Json begun = study.document.value("looks", looks); begun != looks) {
    throw ConfigError("--seeds", "those that the ablation was begun with, " + begun.dump(), looks.dump(),
                      "--max-seeds plans a second look, with intervals that hold for both; or begin in another --out");
  }
  AblateResult result;
  run_requests(plan, plan.runs(), launch, ended, result);
  if (result.interrupted || result.runs.empty() || plan.options.further_seeds.empty()) return result;
  // Judged by the runs of the first look alone, so an ablation that goes on asks for the same.
  run_requests(plan, plan.further_runs(open_groups(plan, result.runs)), launch, ended, result);
  return result;
}

}  // namespace hasten
