// The procedure on all rounds, and again on many resamples of them.
#include "hasten/diagnose/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

constexpr double kThrottledShare = 0.05;
constexpr double kLeastClock = 0.95;

Range central(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 40;
  return {values[cut], values[values.size() - 1 - cut]};
}

std::string percent(double share) { return fixed(100 * share, 0) + "%"; }

// How far R1 against R0 goes from round to round, relative.
double spread_of_one(const std::vector<Round>& rounds) {
  std::vector<double> ratios;
  for (const Round& round : rounds) {
    const auto full = round.find(Experiment::kFull), resident = round.find(Experiment::kResident);
    if (full == round.end() || resident == round.end()) continue;
    const auto steps = [](const auto& at) { return static_cast<double>(at->second.steps); };
    ratios.push_back(resident->second.seconds / steps(resident) / (full->second.seconds / steps(full)));
  }
  if (ratios.empty()) return 0;
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  return (*high - *low) / median(ratios);
}

// max(0.03, twice the relative half width) of every time against R0.
Tolerances tolerances_of(const std::vector<Round>& rounds, const Times& all, const std::vector<Times>& draws) {
  Tolerances out = least_tolerances();
  for (size_t i = 0; i < kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    if (!all.has(experiment)) continue;
    std::vector<double> values;
    for (const Times& draw : draws) {
      if (draw.has(experiment)) values.push_back(draw.get(experiment) / draw.get(Experiment::kFull));
    }
    if (experiment == Experiment::kFull) {
      // Its own noise cancels in ratios to it; what counts is how it varies against R1.
      values.clear();
      for (const Times& draw : draws) {
        if (draw.has(Experiment::kResident))
          values.push_back(draw.get(Experiment::kFull) / draw.get(Experiment::kResident));
      }
    }
    const Range range = central(values);
    if (values.empty()) continue;
    out[i] = std::max(kLeastTolerance, (range.high - range.low) / median(values));
    // What was made once shows no spread of its own.
    const auto times_made =
        std::count_if(rounds.begin(), rounds.end(), [&](const Round& round) { return round.count(experiment) != 0; });
    if (times_made < 2) out[i] = std::max(out[i], spread_of_one(rounds));
  }
  return out;
}

std::string throttling(const Measurements& measurements) {
  const Conditions& conditions = measurements.conditions;
  if (conditions.throttled_share.value_or(0) > kThrottledShare)
    return cat("the container was throttled in ", percent(*conditions.throttled_share), " of the time");
  const double nominal = measurements.facts.nominal_mhz;
  if (nominal > 0 && conditions.clock_mhz > 0 && conditions.clock_mhz < kLeastClock * nominal)
    return cat("the clock was ", fixed(conditions.clock_mhz, 0), " MHz, nominal is ", fixed(nominal, 0));
  return "";
}

std::vector<Sensitivity> sensitivities_of(const Measurements& measurements, const Times& all,
                                          const std::vector<Times>& draws) {
  std::vector<Sensitivity> out;
  const std::array<std::pair<Experiment, std::string_view>, 3> delayed{{{Experiment::kDelayFetch, "fetch"},
                                                                        {Experiment::kDelayPrepare, "preparation"},
                                                                        {Experiment::kDelayCompute, "computation"}}};
  for (const auto& [experiment, part] : delayed) {
    if (!all.has(experiment) || measurements.delay_s <= 0) continue;
    const auto of = [&, which = experiment](const Times& times) {
      return (times.get(which) - times.get(Experiment::kFull)) / measurements.delay_s;
    };
    std::vector<double> values;
    for (const Times& draw : draws) {
      if (draw.has(experiment)) values.push_back(of(draw));
    }
    out.push_back({part, of(all), central(values)});
  }
  return out;
}

// A wait that no rule found, because it is below what noise lets be told apart.
double unseen_share(const Times& times, const StageModel& model, const std::vector<Finding>& findings) {
  const auto is_found = [&](Limit one, Limit other) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.what == one || finding.what == other; });
  };
  double seconds = model.waited_s();
  const double resident = times.at(Experiment::kResident).value_or(model.full_s());
  if (times.has(Experiment::kNoSync) && !is_found(Limit::kSync, Limit::kSync))
    seconds = std::max(seconds, resident - times.get(Experiment::kNoSync));
  if (times.has(Experiment::kNoReduction) && !is_found(Limit::kCommunication, Limit::kStraggler))
    seconds = std::max(seconds, resident - times.get(Experiment::kNoReduction));
  return seconds / model.full_s();
}

// What the resamples say: how often the same limit comes first, and how far its numbers go.
void weigh(const Measurements& measurements, const std::vector<Times>& draws, Diagnosis& out) {
  std::map<Limit, int64_t> first;
  std::vector<double> shares, s_max, unseen;
  for (const Times& draw : draws) {
    const StageModel model(draw, measurements.facts, measurements.delay_s);
    const std::vector<Finding> findings = decide(draw, measurements, model, out.tolerances);
    ++first[findings.front().what];
    unseen.push_back(unseen_share(draw, model, out.findings));
    for (const Finding& finding : findings) {
      if (finding.what != out.primary().what) continue;
      shares.push_back(finding.share);
      s_max.push_back(finding.s_max);
      break;
    }
  }
  out.hidden = central(unseen).high;
  out.share = central(shares);
  out.s_max = central(s_max);
  const auto all = static_cast<double>(draws.size());
  out.confidence = static_cast<double>(first[out.primary().what]) / all;
  if (out.confidence >= 1) return;
  std::vector<std::string> names;
  for (const auto& [limit, count] : first) {
    if (count > 0) names.push_back(cat(name_of(limit), " in ", percent(static_cast<double>(count) / all)));
  }
  out.named_by_resamples = "resampled rounds name " + join(names, ", ");
  out.warnings.push_back(out.named_by_resamples);
}

// The device's own work goes on beside what is waited for, so it is no rival of that.
bool own_work(Limit limit) {
  return limit == Limit::kMath || limit == Limit::kBandwidth || limit == Limit::kKernelLatency ||
         limit == Limit::kCompute || limit == Limit::kMemory;
}

double margin_of(const std::vector<Finding>& findings) {
  double rival = 0;
  for (size_t i = 1; i < findings.size(); ++i) {
    if (!own_work(findings[i].what)) rival = std::max(rival, findings[i].share);
  }
  return findings.front().share - rival;
}

std::string reason_to_refuse(const Measurements& measurements, const JudgeOptions& options, const Diagnosis& out) {
  const double others = measurements.conditions.others_share(measurements.facts.cores);
  if (measurements.rounds.size() < options.least_rounds)
    return cat("too short: ", measurements.rounds.size(), " rounds of the experiments, at least ", options.least_rounds,
               " are needed");
  if (others > options.most_others)
    return cat("load from others: they used ", percent(others), " of the processors, at most ",
               percent(options.most_others), " can be allowed for");
  if (out.confidence < options.least_confidence)
    return "noise: " + (out.named_by_resamples.empty()
                            ? cat("the load of others leaves a confidence of ", percent(out.confidence))
                            : out.named_by_resamples);
  const Limit what = out.primary().what;
  if ((own_work(what) || what == Limit::kBalanced) && out.hidden > kOverheadFirst)
    return cat("noise: ", percent(out.hidden), " of the step may be waited for unseen, so it is not sure that it is ",
               name_of(what));
  return "";
}

}  // namespace

Diagnosis diagnose(const Measurements& measurements, const JudgeOptions& options) {
  HASTEN_CHECK(!measurements.rounds.empty(), "at least one round");
  Diagnosis out(measurements);
  const Times& all = out.times;
  std::vector<Times> draws;
  for (int64_t draw = 0; draw < options.draws; ++draw)
    draws.emplace_back(measurements, draw_rounds(measurements.rounds.size(), static_cast<uint64_t>(draw)));
  out.tolerances = tolerances_of(measurements.rounds, all, draws);
  if (const std::string why = throttling(measurements); !why.empty()) {
    // Every other ratio is unsafe, so there is nothing else to say.
    out.findings.push_back({Limit::kThrottled, out.times.get(Experiment::kFull), 1, 0, why});
    out.confidence = 1;
    out.decided = true;
    out.warnings.push_back("no other number is safe while the machine is throttled");
    return out;
  }
  out.findings = decide(all, measurements, out.model, out.tolerances);
  out.sensitivities = sensitivities_of(measurements, all, draws);
  weigh(measurements, draws, out);
  out.margin = margin_of(out.findings);
  const double others = measurements.conditions.others_share(measurements.facts.cores);
  if (others > 0.02) {
    out.confidence *= std::max(0.0, 1 - others);
    out.warnings.push_back(cat("others used ", percent(others), " of the processors meanwhile"));
  }
  if (!out.model.explains())
    out.warnings.push_back(cat("the stage model does not explain the run (it is off by ", percent(out.model.error()),
                               "): predictions are left out, S_max is measured"));
  out.refusal = reason_to_refuse(measurements, options, out);
  out.decided = out.refusal.empty();
  return out;
}

}  // namespace hasten::diagnose
