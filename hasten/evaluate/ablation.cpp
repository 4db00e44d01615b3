// Effects, verdicts in four words, interactions.
#include "hasten/evaluate/ablation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/speedup.h"
#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

enum class Lean { kBetter, kWorse, kSame, kOpen };

// Where the interval of a difference lies. Better or worse without being outside the margin is still the same.
Lean lean_of(double low, double high, double margin) {
  if (low >= -margin && high <= margin) return Lean::kSame;
  if (low > 0) return Lean::kBetter;
  if (high < 0) return Lean::kWorse;
  return Lean::kOpen;
}

const Point& point_of(const Group& group) { return group.points[group.headline]; }

std::string number_text(const Comparison& comparison, double value) {
  return comparison.metric.name == "accuracy" ? fixed(100 * value, 2) + " points" : significant(value, 3);
}

const Group* find_group(const Comparison& comparison, const std::string& name) {
  const auto found = std::find_if(comparison.groups.begin(), comparison.groups.end(),
                                  [&](const Group& group) { return group.name == name; });
  return found == comparison.groups.end() ? nullptr : &*found;
}

using GroupValues = std::map<const Group*, std::vector<double>>;

// How much runs of one recipe vary, taken over the groups that vary alike.
class CommonSpread {
 public:
  CommonSpread(GroupValues values, double confidence) : values_(std::move(values)), confidence_(confidence) {
    std::vector<Variation> alike, worst;
    for (const auto& [group, numbers] : values_) {
      const stats::Moments m = stats::moments(numbers);
      if (m.n > 1) alike.push_back({group, m.squares, static_cast<double>(m.n - 1)});
    }
    // The worst first: of many groups the worst varies much by chance, so it takes a rarer F (Bonferroni). Two that vary
    // more hide each other where groups are few, so up to half of them are looked at.
    constexpr double kSurprise = 0.05;
    const size_t most = alike.size() / 2;
    while (worst.size() < most) {
      size_t next = 0;
      for (size_t i = 1; i < alike.size(); ++i) {
        if (chance_of(alike, i) < chance_of(alike, next)) next = i;
      }
      const bool varies_more = chance_of(alike, next) < kSurprise / static_cast<double>(alike.size());
      worst.push_back(alike[next]);
      alike.erase(alike.begin() + static_cast<std::ptrdiff_t>(next));
      if (!varies_more) continue;
      for (const Variation& each : worst) wild_.insert(each.group);
    }
    alike.insert(alike.end(), worst.begin() + static_cast<std::ptrdiff_t>(wild_.size()), worst.end());
    for (const Variation& each : alike) {
      squares_ += each.squares;
      freedom_ += each.freedom;
    }
  }

  double deviation() const {
    return freedom_ > 0 ? std::sqrt(squares_ / freedom_) : std::numeric_limits<double>::quiet_NaN();
  }

  // A sum of means with these weights; nothing where a side has fewer than two runs, or where nothing varies at all.
  std::optional<stats::TTest> contrast(const std::vector<std::pair<const Group*, double>>& sides) const {
    std::vector<stats::WeightedSample> samples;
    bool alike = true;
    for (const auto& [group, weight] : sides) {
      const auto found = values_.find(group);
      if (found == values_.end() || found->second.size() < 2) return std::nullopt;
      samples.push_back({found->second, weight});
      alike = alike && !wild_.contains(group);
    }
    if (!alike) return stats::contrast_t(samples, confidence_);
    if (!(squares_ > 0)) return std::nullopt;
    return stats::contrast_t(samples, squares_ / freedom_, freedom_, confidence_);
  }

 private:
  struct Variation {
    const Group* group;
    double squares, freedom;
  };

  // That one varies so much or more, if it does as the others do.
  static double chance_of(const std::vector<Variation>& all, size_t one) {
    double squares = 0, freedom = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i == one) continue;
      squares += all[i].squares;
      freedom += all[i].freedom;
    }
    const double own = all[one].squares / all[one].freedom;
    if (!(squares > 0)) return own > 0 ? 0 : 1;
    return 1 - stats::fisher_cdf(own / (squares / freedom), all[one].freedom, freedom);
  }

  GroupValues values_;
  std::set<const Group*> wild_;  // those that vary more
  double confidence_, squares_ = 0, freedom_ = 0;
};

// Of all groups: their qualities, larger is better, and the logs of their costs.
struct Spreads {
  CommonSpread quality;
  std::map<Cost, CommonSpread> costs;
};

Spreads spreads_of(const Comparison& comparison, double confidence) {
  GroupValues qualities;
  std::map<Cost, GroupValues> costs;
  for (const Group& group : comparison.groups) {
    if (point_of(group).quality) {
      for (const double value : point_of(group).quality->values)
        qualities[&group].push_back(advantage(value, 0, comparison.metric.direction));
    }
    for (const auto& [cost, spread] : point_of(group).costs) {
      if (!are_costs(spread.values)) continue;
      for (const double value : spread.values) costs[cost][&group].push_back(std::log(value));
    }
  }
  Spreads spreads{CommonSpread(std::move(qualities), confidence), {}};
  for (auto& [cost, values] : costs) spreads.costs.emplace(cost, CommonSpread(std::move(values), confidence));
  return spreads;
}

// What methods cost without over with them; its interval by the spread that groups share, where it is known.
std::map<Cost, stats::Ratio> ratios_of(const Spreads& spreads, const Group& without, const Group& with,
                                       double confidence) {
  std::map<Cost, stats::Ratio> ratios;
  for (const auto& [cost, spread] : point_of(without).costs) {
    const auto other = point_of(with).costs.find(cost);
    if (other == point_of(with).costs.end()) continue;
    stats::Ratio& ratio = ratios[cost] = stats::ratio_of_costs(spread.values, other->second.values, confidence);
    const auto common = spreads.costs.find(cost);
    if (common == spreads.costs.end()) continue;
    const std::optional<stats::TTest> logs = common->second.contrast({{&without, 1}, {&with, -1}});
    if (!logs) continue;
    ratio.low = std::exp(logs->low);
    ratio.high = std::exp(logs->high);
    ratio.p_two_sided = logs->p_two_sided;
    ratio.dof = logs->dof;
    ratio.has_interval = true;
  }
  return ratios;
}

struct Lost {
  int64_t runs = 0, diverged = 0, failed = 0;  // runs: all of them
  std::set<std::string> ends;  // of those that failed
};
Lost lost_of(const Comparison& comparison, const Group& group) {
  const Point& point = point_of(group);
  Lost lost;
  lost.runs = static_cast<int64_t>(point.runs.size() + point.failed.size());
  for (const size_t run : point.failed) {
    const Status status = comparison.runs[run].record.status;
    if (status == Status::kDiverged) {
      ++lost.diverged;
    } else {
      ++lost.failed;
      lost.ends.emplace(status == Status::kOk ? "not evaluated" : name(status));
    }
  }
  return lost;
}

// Where runs have no result, what is left is no fair sample: only how many diverged is judged, by Fisher's exact test.
bool judge_lost(Effect& effect, const Lost& with, const Lost& without, double confidence) {
  if (with.failed + without.failed > 0) {
    std::set<std::string> ends = with.ends;
    ends.insert(without.ends.begin(), without.ends.end());
    effect.reason = cat(with.failed + without.failed, " runs failed: ", join({ends.begin(), ends.end()}, ", "));
  } else if (with.diverged + without.diverged > 0) {
    const double p = stats::fisher_exact(with.diverged, with.runs, without.diverged, without.runs);
    effect.reason = cat(with.diverged, " of ", with.runs, " runs with and ", without.diverged, " of ", without.runs,
                        " without diverged (Fisher's exact test: p = ", significant(p, 2), ")");
    if (p >= 1 - confidence) return true;
    const bool more = with.diverged * without.runs > without.diverged * with.runs;
    effect.verdict = more ? Verdict::kHurts : Verdict::kHelps;
  }
  return !effect.reason.empty();
}

void judge(const Comparison& comparison, const AblationOptions& options, Effect& effect) {
  if (!effect.quality) {
    effect.reason = "no interval: fewer than two runs on a side, or none that vary";
    return;
  }
  const Lean quality = lean_of(effect.quality->low, effect.quality->high, options.margin);
  effect.reason = cat("quality by ", number_text(comparison, effect.quality->low), " to ",
                      number_text(comparison, effect.quality->high));
  Lean cost = Lean::kSame;
  if (!options.budget_is_cost) {
    const auto ratio = effect.ratios.find(comparison.cost);
    if (ratio == effect.ratios.end() || !ratio->second.has_interval) {
      effect.reason = cat("the runs do not say their ", label(comparison.cost));
      return;
    }
    const double slack = std::log(1 + comparison.options.margin);
    cost = lean_of(std::log(ratio->second.low), std::log(ratio->second.high), slack);
    effect.reason += cat(", ", label(comparison.cost), " ", fixed(ratio->second.low, 2), " to ",
                         fixed(ratio->second.high, 2), " times fewer");
  }
  const auto none_is = [&](Lean lean) { return quality != lean && cost != lean; };
  if (quality == Lean::kSame && cost == Lean::kSame) {
    effect.verdict = Verdict::kNoDifference;
    effect.reason += cat(", within the margin of ", number_text(comparison, options.margin));
  } else if (none_is(Lean::kOpen) && none_is(Lean::kWorse)) {
    effect.verdict = Verdict::kHelps;
  } else if (none_is(Lean::kOpen) && none_is(Lean::kBetter)) {
    effect.verdict = Verdict::kHurts;
  } else if (none_is(Lean::kOpen)) {
    effect.reason += ": one for the other; compare at equal seconds";
  } else if (quality != Lean::kOpen) {
    effect.reason += cat("; quality is decided, ", label(comparison.cost), " are not");
  } else if (effect.detectable) {
    effect.reason += cat("; these runs can show ", number_text(comparison, *effect.detectable), " or more");
  }
}

// With so many runs and this spread a difference is found that is so many standard errors large: those of the interval and of
// finding it nine times in ten.
double detectable_by(const stats::TTest& test, double confidence) {
  constexpr double kPower = 0.9;
  const double reach = stats::student_quantile(0.5 + confidence / 2, test.dof),
               error = (test.high - test.low) / 2 / reach;
  return error * (reach + stats::student_quantile(kPower, test.dof));
}

// A budget is spent on training: a method that evaluates for longer, as test-time augmentation does, pays for it outside.
std::string outside_of_training(const Effect& effect) {
  const auto training = effect.ratios.find(Cost::kTrainSeconds), whole = effect.ratios.find(Cost::kTotalSeconds);
  if (training == effect.ratios.end() || whole == effect.ratios.end() || !whole->second.has_interval) return "";
  constexpr double kLeast = 0.01;  // of the run; less is not worth a word
  if (whole->second.high >= 1 || whole->second.value >= training->second.value * (1 - kLeast)) return "";
  return cat("; whole runs, evaluation included, take ", fixed(1 / whole->second.value, 2), " (",
             fixed(1 / whole->second.high, 2), " to ", fixed(1 / whole->second.low, 2), ") times as long");
}

Effect effect_of(const Comparison& comparison, const Spreads& spreads, const Arm& arm, const AblationOptions& options) {
  Effect effect;
  effect.arm = arm;
  const Group* group = find_group(comparison, arm.group);
  if (group == nullptr) {
    effect.reason = "no run";
    return effect;
  }
  const Group* against = arm.control_group.empty() ? &comparison.baseline() : find_group(comparison, arm.control_group);
  if (against == nullptr) {
    effect.reason = "no run of the control";
    return effect;
  }
  const Lost lost = lost_of(comparison, *group), baseline = lost_of(comparison, *against);
  effect.runs = static_cast<int64_t>(point_of(*group).runs.size());
  effect.diverged = lost.diverged;
  effect.failed = lost.failed;
  effect.against_runs = static_cast<int64_t>(point_of(*against).runs.size());
  const bool added = arm.change == Change::kAdded;
  const Group &with = added ? *group : *against, &without = added ? *against : *group;
  effect.quality = spreads.quality.contrast({{&with, 1}, {&without, -1}});
  if (effect.quality) effect.detectable = detectable_by(*effect.quality, options.confidence);
  effect.ratios = ratios_of(spreads, without, with, options.confidence);
  effect.survivors = judge_lost(effect, added ? lost : baseline, added ? baseline : lost, options.confidence);
  if (!effect.survivors) {
    judge(comparison, options, effect);
    effect.reason += outside_of_training(effect);
  }
  return effect;
}

// Both - first - second + neither, whichever end the baseline is.
std::optional<Interaction> interaction_of(const Comparison& comparison, const Spreads& spreads, const Arm& pair,
                                          const std::vector<Arm>& arms, const AblationOptions& options) {
  std::vector<std::pair<const Group*, double>> sides{{&comparison.baseline(), 1},
                                                     {find_group(comparison, pair.group), 1}};
  for (const std::string& method : pair.methods) {
    const auto alone = std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) {
      return arm.change == pair.change && arm.methods == std::vector<std::string>{method};
    });
    if (alone == arms.end()) return std::nullopt;
    sides.emplace_back(find_group(comparison, alone->group), -1);
  }
  Interaction found{pair, spreads.quality.contrast(sides), std::nullopt, Sum::kUnresolved};
  for (const auto& [group, weight] : sides) {
    if (group != nullptr && !point_of(*group).failed.empty()) found.beyond_sum.reset();
  }
  if (!found.beyond_sum) return found;
  switch (lean_of(found.beyond_sum->low, found.beyond_sum->high, options.margin)) {
    case Lean::kSame: found.sum = Sum::kAddsUp; break;
    case Lean::kBetter: found.sum = Sum::kMore; break;
    case Lean::kWorse: found.sum = Sum::kLess; break;
    case Lean::kOpen: break;
  }
  return found;
}

// Holm's adjustment of one family of tests.
void adjust(const std::vector<std::pair<const stats::TTest*, std::optional<double>*>>& family) {
  std::vector<double> p_values;
  for (const auto& member : family) p_values.push_back(member.first->p_two_sided);
  const std::vector<double> adjusted = stats::holm(p_values);
  for (size_t i = 0; i < family.size(); ++i) *family[i].second = adjusted[i];
}

}  // namespace

bool is_worth_more_runs(const Effect& effect, const AblationOptions& options, int64_t more, int64_t more_against) {
  if (effect.verdict != Verdict::kUnresolved || effect.survivors || !effect.quality) return false;
  const auto error = [](int64_t runs, int64_t against) {
    return std::sqrt(1 / static_cast<double>(runs) + 1 / static_cast<double>(against));
  };
  const double shrink = error(effect.runs + more, effect.against_runs + more_against) /
                        error(effect.runs, effect.against_runs),
               middle = effect.quality->difference, reach = shrink * (effect.quality->high - effect.quality->low) / 2;
  return lean_of(effect.quality->low, effect.quality->high, options.margin) == Lean::kOpen &&
         lean_of(middle - reach, middle + reach, options.margin) != Lean::kOpen;
}

std::string_view name(Sum sum) {
  constexpr std::string_view kNames[] = {"adds up", "less than the sum", "more than the sum", "unresolved"};
  return kNames[static_cast<size_t>(sum)];
}

Ablation judge_ablation(const Comparison& comparison, const std::vector<Arm>& arms, const AblationOptions& options) {
  if (!(options.margin >= 0)) throw ConfigError("--margin", "a number of at least 0", number(options.margin));
  const Spreads spreads = spreads_of(comparison, options.confidence);
  Ablation ablation;
  ablation.options = options;
  ablation.baseline_quality = point_of(comparison.baseline()).quality;
  ablation.baseline_runs = point_of(comparison.baseline()).runs.size();
  ablation.deviation = spreads.quality.deviation();
  for (const Arm& arm : arms) {
    ablation.effects.push_back(effect_of(comparison, spreads, arm, options));
    if (arm.methods.size() < 2) continue;
    if (auto found = interaction_of(comparison, spreads, arm, arms, options))
      ablation.interactions.push_back(std::move(*found));
  }
  std::vector<std::pair<const stats::TTest*, std::optional<double>*>> effects, interactions;
  for (Effect& effect : ablation.effects) {
    if (effect.quality && !effect.survivors) effects.emplace_back(&*effect.quality, &effect.adjusted_p);
  }
  for (Interaction& found : ablation.interactions) {
    if (found.beyond_sum) interactions.emplace_back(&*found.beyond_sum, &found.adjusted_p);
  }
  adjust(effects);
  adjust(interactions);
  return ablation;
}

}  // namespace hasten::evaluate
