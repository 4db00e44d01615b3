// Effects, verdicts in four words, interactions.
#include "hasten/evaluate/ablation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
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

// The qualities of all groups, larger is better, and how much runs vary.
class Qualities {
 public:
  Qualities(const Comparison& comparison, double confidence) : comparison_(comparison), confidence_(confidence) {
    for (const Group& group : comparison.groups) {
      const stats::Moments m = stats::moments(of(group));
      if (m.n < 2) continue;
      squares_ += m.squares;
      freedom_ += static_cast<double>(m.n - 1);
    }
  }

  double deviation() const {
    return freedom_ > 0 ? std::sqrt(squares_ / freedom_) : std::numeric_limits<double>::quiet_NaN();
  }

  const Group* find(const std::string& name) const {
    const auto found = std::find_if(comparison_.groups.begin(), comparison_.groups.end(),
                                    [&](const Group& group) { return group.name == name; });
    return found == comparison_.groups.end() ? nullptr : &*found;
  }

  std::vector<double> of(const Group& group) const {
    std::vector<double> values;
    if (!point_of(group).quality) return values;
    for (const double value : point_of(group).quality->values)
      values.push_back(advantage(value, 0, comparison_.metric.direction));
    return values;
  }

  // A sum of means with these weights; nothing where a side has fewer than two runs, or where nothing varies at all.
  std::optional<stats::TTest> contrast(const std::vector<std::pair<const Group*, double>>& sides) const {
    std::vector<std::vector<double>> values;
    bool alike = true;
    for (const auto& [group, weight] : sides) {
      values.push_back(group == nullptr ? std::vector<double>{} : of(*group));
      if (values.back().size() < 2) return std::nullopt;
      alike = alike && varies_like_the_others(values.back());
    }
    if (!(squares_ > 0)) return std::nullopt;
    std::vector<stats::WeightedSample> samples;
    for (size_t i = 0; i < sides.size(); ++i) samples.push_back({values[i], sides[i].second});
    return alike ? stats::contrast_t(samples, squares_ / freedom_, freedom_, confidence_)
                 : stats::contrast_t(samples, confidence_);
  }

 private:
  bool varies_like_the_others(const std::vector<double>& values) const {
    constexpr double kSurprise = 0.01;
    const stats::Moments own = stats::moments(values);
    const double freedom = static_cast<double>(own.n - 1), others = freedom_ - freedom;
    if (others <= 0) return true;
    const double rest = (squares_ - own.squares) / others;
    if (!(rest > 0)) return own.squares <= 0;
    return 1 - stats::fisher_cdf(own.variance() / rest, freedom, others) >= kSurprise;
  }

  const Comparison& comparison_;
  double confidence_, squares_ = 0, freedom_ = 0;
};

struct Lost {
  int64_t diverged = 0, failed = 0;
};
Lost lost_of(const Comparison& comparison, const Group& group) {
  Lost lost;
  for (const size_t run : point_of(group).failed)
    ++(comparison.runs[run].record.status == Status::kDiverged ? lost.diverged : lost.failed);
  return lost;
}

// Where runs have no result, what is left is no fair sample: only a clear case is judged, by the divergence itself.
bool judge_lost(Effect& effect, const Lost& with, const Lost& without) {
  if (with.failed + without.failed > 0) {
    effect.reason = cat(with.failed + without.failed, " runs failed");
  } else if (with.diverged + without.diverged > 0) {
    effect.reason = cat(with.diverged, " runs with and ", without.diverged, " without diverged");
    if (with.diverged > 1 && without.diverged == 0) effect.verdict = Verdict::kHurts;
    if (without.diverged > 1 && with.diverged == 0) effect.verdict = Verdict::kHelps;
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
  } else if (quality == Lean::kOpen && effect.detectable) {
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

Effect effect_of(const Comparison& comparison, const Qualities& qualities, const Arm& arm,
                 const AblationOptions& options) {
  Effect effect;
  effect.arm = arm;
  const Group* group = qualities.find(arm.group);
  if (group == nullptr) {
    effect.reason = "no run";
    return effect;
  }
  const Group* against = arm.control_group.empty() ? &comparison.baseline() : qualities.find(arm.control_group);
  if (against == nullptr) {
    effect.reason = "no run of the control";
    return effect;
  }
  const Lost lost = lost_of(comparison, *group), baseline = lost_of(comparison, *against);
  effect.runs = static_cast<int64_t>(point_of(*group).runs.size());
  effect.diverged = lost.diverged;
  effect.failed = lost.failed;
  const bool added = arm.change == Change::kAdded;
  const Group &with = added ? *group : *against, &without = added ? *against : *group;
  effect.quality = qualities.contrast({{&with, 1}, {&without, -1}});
  if (effect.quality) effect.detectable = detectable_by(*effect.quality, options.confidence);
  for (const auto& [cost, spread] : point_of(without).costs) {
    const auto other = point_of(with).costs.find(cost);
    if (other != point_of(with).costs.end())
      effect.ratios[cost] = stats::ratio_of_costs(spread.values, other->second.values, options.confidence);
  }
  if (!judge_lost(effect, added ? lost : baseline, added ? baseline : lost)) judge(comparison, options, effect);
  return effect;
}

// Both - first - second + neither, whichever end the baseline is.
std::optional<Interaction> interaction_of(const Comparison& comparison, const Qualities& qualities, const Arm& pair,
                                          const std::vector<Arm>& arms, const AblationOptions& options) {
  std::vector<std::pair<const Group*, double>> sides{{&comparison.baseline(), 1}, {qualities.find(pair.group), 1}};
  for (const std::string& method : pair.methods) {
    const auto alone = std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) {
      return arm.change == pair.change && arm.methods == std::vector<std::string>{method};
    });
    if (alone == arms.end()) return std::nullopt;
    sides.emplace_back(qualities.find(alone->group), -1);
  }
  Interaction found{pair, qualities.contrast(sides), Sum::kUnresolved};
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

}  // namespace

bool is_worth_more_runs(const Effect& effect, const AblationOptions& options, double times) {
  if (effect.verdict != Verdict::kUnresolved || effect.diverged + effect.failed > 0 || !effect.quality) return false;
  const double middle = effect.quality->difference,
               reach = (effect.quality->high - effect.quality->low) / 2 / std::sqrt(times);
  return lean_of(effect.quality->low, effect.quality->high, options.margin) == Lean::kOpen &&
         lean_of(middle - reach, middle + reach, options.margin) != Lean::kOpen;
}

std::string_view name(Sum sum) {
  constexpr std::string_view kNames[] = {"adds up", "less than the sum", "more than the sum", "unresolved"};
  return kNames[static_cast<size_t>(sum)];
}

Ablation judge_ablation(const Comparison& comparison, const std::vector<Arm>& arms, const AblationOptions& options) {
  if (!(options.margin >= 0)) throw ConfigError("--margin", "a number of at least 0", number(options.margin));
  const Qualities qualities(comparison, options.confidence);
  Ablation ablation;
  ablation.options = options;
  ablation.baseline_quality = point_of(comparison.baseline()).quality;
  ablation.baseline_runs = point_of(comparison.baseline()).runs.size();
  ablation.deviation = qualities.deviation();
  for (const Arm& arm : arms) {
    ablation.effects.push_back(effect_of(comparison, qualities, arm, options));
    if (arm.methods.size() < 2) continue;
    if (auto found = interaction_of(comparison, qualities, arm, arms, options))
      ablation.interactions.push_back(std::move(*found));
  }
  std::vector<double> p_values;
  std::vector<Effect*> tested;
  for (Effect& effect : ablation.effects) {
    if (!effect.quality) continue;
    p_values.push_back(effect.quality->p_two_sided);
    tested.push_back(&effect);
  }
  const std::vector<double> adjusted = stats::holm(p_values);
  for (size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
  return ablation;
}

}  // namespace hasten::evaluate
