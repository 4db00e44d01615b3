// Crossings of single runs, and the target as seen by the mean of several.
#include "hasten/evaluate/time_to_target.h"

#include <array>
#include <cmath>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/stats/moments.h"
#include "hasten/stats/tests.h"

namespace hasten::evaluate {
namespace {

constexpr std::array<std::string_view, 5> kVariantNames{"auto", "first", "planned", "common", "sustained"};

// The crossing at reading `at`, bounded by the nearest readings whose cost is known: itself or a later one, and an
// earlier one.
std::optional<Crossing> crossing_at(const Run& run, std::span<const Reading> all, size_t at, Cost cost) {
  std::optional<double> high;
  for (size_t i = at; i < all.size() && !high; ++i) high = event_cost(run, run.events[all[i].event], cost);
  if (!high) return std::nullopt;
  Crossing crossing{0, *high, all[at].event};
  for (size_t i = at; i-- > 0;) {
    auto low = event_cost(run, run.events[all[i].event], cost);
    if (low && *low <= *high) {
      crossing.low = *low;
      break;
    }
  }
  return crossing;
}

double one_sided_p(std::span<const double> values, double target, Direction direction) {
  stats::TTest test = stats::one_sample_t(values, target);
  return direction == Direction::kMaximize ? test.p_greater : test.p_less;
}

}  // namespace

std::string_view name(Variant variant) { return kVariantNames[static_cast<size_t>(variant)]; }

Variant parse_variant(std::string_view text, std::string_view where) {
  for (size_t i = 0; i < kVariantNames.size(); ++i) {
    if (kVariantNames[i] == text) return static_cast<Variant>(i);
  }
  std::vector<std::string> names(kVariantNames.begin(), kVariantNames.end());
  throw ConfigError(std::string(where), "one of " + join(names, ", "), "'" + std::string(text) + "'",
                    suggest(text, names));
}

std::optional<Crossing> first_crossing(const Run& run, const Metric& metric, double target, Cost cost) {
  return sustained_crossing(run, metric, target, cost, 1);
}

std::optional<Crossing> sustained_crossing(const Run& run, const Metric& metric, double target, Cost cost, int64_t k) {
  std::vector<Reading> all = readings(run, metric);
  size_t length = 0;  // readings in a row that reach the target
  for (size_t i = 0; i < all.size(); ++i) {
    length = reaches(all[i].value, target, metric.direction) ? length + 1 : 0;
    bool enough = length >= static_cast<size_t>(k) || (length > 0 && i + 1 == all.size());
    if (enough) return crossing_at(run, all, i + 1 - length, cost);
  }
  return std::nullopt;
}

TargetCheck check_target(std::span<const double> qualities, double target, Direction direction) {
  TargetCheck check;
  check.n = static_cast<int64_t>(qualities.size());
  for (double value : qualities) check.reached += reaches(value, target, direction) ? 1 : 0;
  check.mean_reaches = check.n > 0 && reaches(stats::moments(qualities).mean, target, direction);
  double p = one_sided_p(qualities, target, direction);
  if (!std::isnan(p)) check.p = p;
  return check;
}

std::optional<CommonStep> common_step(std::span<const Run* const> runs, const Metric& metric, double target, Cost cost,
                                      double alpha) {
  struct AtStep {
    std::vector<double> values, costs;
  };
  std::map<int64_t, AtStep> steps;
  for (const Run* run : runs) {
    std::map<int64_t, Reading> last;  // a step evaluated twice counts once
    for (const Reading& reading : readings(*run, metric)) {
      if (run->events[reading.event].step) last[*run->events[reading.event].step] = reading;
    }
    for (const auto& [step, reading] : last) {
      auto spent = event_cost(*run, run->events[reading.event], cost);
      if (!spent) continue;
      steps[step].values.push_back(reading.value);
      steps[step].costs.push_back(*spent);
    }
  }
  double low = 0;
  for (const auto& [step, at] : steps) {
    if (at.values.size() != runs.size()) continue;
    double mean_cost = stats::moments(at.costs).mean, p = one_sided_p(at.values, target, metric.direction);
    if (p < alpha && reaches(stats::moments(at.values).mean, target, metric.direction)) {
      return CommonStep{step, low, mean_cost, p};
    }
    low = mean_cost;
  }
  return std::nullopt;
}

}  // namespace hasten::evaluate
