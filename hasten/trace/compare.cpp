// Traces side by side.
#include "hasten/trace/compare.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "hasten/base/rng.h"
#include "hasten/trace/summary.h"

namespace hasten::trace {
namespace {

bool on_device(const View& view, size_t i) {
  return view.options.semantics == Semantics::kHta ? view.stream(i) != -1 : view.device[i] != 0;
}

// Device annotations and waits are neither host operators nor work.
bool counts(const View& view, size_t i, Side side) {
  bool device = on_device(view, i);
  if (view.options.semantics != Semantics::kHta && !device) {
    Category kind = view.kind(i);
    if (kind == Category::kDeviceAnnotation || kind == Category::kSync || kind == Category::kProfilerRange)
      return false;
  }
  return side == Side::kBoth || (side == Side::kDevice) == device;
}

std::string label(const View& view, uint32_t name, bool short_names) {
  std::string_view text = view.trace->strings.view(name);
  if (!short_names) return std::string(text);
  return view.options.semantics == Semantics::kHta ? hta_short_name(text) : short_name(text);
}

void add_names(const View& view, const CompareOptions& options, std::optional<int32_t> step, Totals& totals) {
  std::unordered_map<uint32_t, Count> by_name;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!counts(view, i, options.side) || (step && view.step[i] != *step)) continue;
    Count& sum = by_name[view.name_id(i)];
    ++sum.count;
    sum.ticks += view.dur[i];
  }
  for (const auto& [name, sum] : by_name) {
    Count& total = totals.names[label(view, name, options.short_names)];
    total.count += sum.count;
    total.ticks += sum.ticks;
  }
}

void add_steps(const View& view, Totals& totals) {
  for (const Step& step : view.steps) totals.steps[step.number] += view.ns(step.dur);
  std::unordered_map<uint32_t, std::unordered_map<int32_t, int64_t>> sums;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.step[i] < 0 || !counts(view, i, Side::kBoth) || step_number(view.name(i)) >= 0) continue;
    sums[view.name_id(i)][view.step[i]] += view.dur[i];
  }
  for (const auto& [name, ticks] : sums) {
    auto& values = totals.step_names[std::string(view.trace->strings.view(name))];
    for (const auto& [step, sum] : ticks) values[step] = view.ns(sum);
  }
}

}  // namespace

Totals totals_of(const View& view, const CompareOptions& options, std::optional<int32_t> step) {
  Totals totals;
  totals.ns_per_tick = view.ns(1);
  add_names(view, options, step, totals);
  add_steps(view, totals);
  return totals;
}

std::vector<Difference> compare_by_name(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b) {
  std::map<std::string, Difference> rows;
  for (const Totals* totals : a) {
    for (const auto& [name, sum] : totals->names) {
      Difference& row = rows[name];
      row.count_a += sum.count;
      row.ticks_a += sum.ticks;
    }
  }
  for (const Totals* totals : b) {
    for (const auto& [name, sum] : totals->names) {
      Difference& row = rows[name];
      row.count_b += sum.count;
      row.ticks_b += sum.ticks;
    }
  }
  std::vector<Difference> list;
  for (auto& [name, row] : rows) {
    row.name = name;
    list.push_back(row);
  }
  std::stable_sort(list.begin(), list.end(), [](const Difference& x, const Difference& y) {
    return std::abs(x.ticks_change()) > std::abs(y.ticks_change());
  });
  return list;
}

std::vector<Difference> compare_by_name(const View& a, const View& b, const CompareOptions& options) {
  Totals of_a = totals_of(a, options, options.step_a), of_b = totals_of(b, options, options.step_b);
  return compare_by_name(std::vector<const Totals*>{&of_a}, {&of_b});
}

ChangedNames changed_names(const std::vector<Difference>& differences) {
  ChangedNames names;
  for (const Difference& row : differences) {
    if (row.count_a == 0 && row.count_b > 0) names.added.push_back(row.name);
    if (row.count_a > 0 && row.count_b == 0) names.deleted.push_back(row.name);
    if (row.count_a > 0 && row.count_change() > 0) names.increased.push_back(row.name);
    if (row.count_b > 0 && row.count_change() < 0) names.decreased.push_back(row.name);
    if (row.count_b > 0 && row.count_change() == 0) names.unchanged.push_back(row.name);
  }
  return names;
}

namespace {

// Nanoseconds per step, in the steps' order, the mean over ranks: of the step itself, and of each name inside it.
struct PerStep {
  std::vector<double> whole;
  std::map<std::string, std::vector<double>> names;
};

PerStep per_step(const std::vector<const Totals*>& ranks) {
  PerStep result;
  if (ranks.empty()) return result;
  std::vector<int64_t> numbers;
  for (const auto& [number, ns] : ranks[0]->steps) {
    bool everywhere = std::all_of(ranks.begin(), ranks.end(),
                                  [&, step = number](const Totals* rank) { return rank->steps.contains(step); });
    if (everywhere) numbers.push_back(number);
  }
  auto count = static_cast<double>(ranks.size());
  result.whole.resize(numbers.size());
  for (const Totals* rank : ranks) {
    for (size_t k = 0; k < numbers.size(); ++k) result.whole[k] += rank->steps.at(numbers[k]) / count;
    for (const auto& [name, by_step] : rank->step_names) {
      auto& values = result.names[name];
      values.resize(numbers.size());
      for (size_t k = 0; k < numbers.size(); ++k) {
        auto here = by_step.find(numbers[k]);
        if (here != by_step.end()) values[k] += here->second / count;
      }
    }
  }
  return result;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double resampled_mean(const std::vector<double>& values, RandomStream& random) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
  return sum / static_cast<double>(values.size());
}

StepRatio ratio_of(std::string what, const std::vector<double>& a, const std::vector<double>& b,
                   const StepOptions& options) {
  StepRatio row{std::move(what), mean(a), mean(b), 0, 0, 0, a.size(), b.size()};
  if (!(row.a_ns > 0)) return row;
  row.ratio = row.b_ns / row.a_ns;
  RandomStream random(options.seed, operation("trace.compare"), 0, operation(row.what));
  std::vector<double> ratios;
  for (int r = 0; r < options.resamples; ++r) {
    double below = resampled_mean(a, random), above = resampled_mean(b, random);
    if (below > 0) ratios.push_back(above / below);
  }
  std::sort(ratios.begin(), ratios.end());
  row.low = quantile_of_sorted(ratios, (1 - options.confidence) / 2);
  row.high = quantile_of_sorted(ratios, (1 + options.confidence) / 2);
  return row;
}

}  // namespace

std::vector<StepRatio> compare_steps(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b,
                                     const StepOptions& options) {
  PerStep in_a = per_step(a), in_b = per_step(b);
  if (in_a.whole.empty() || in_b.whole.empty()) return {};
  std::vector<StepRatio> rows = {ratio_of("step", in_a.whole, in_b.whole, options)};
  struct Change {
    std::string name;
    double size;
  };
  std::vector<Change> changes;
  for (const auto& [name, values] : in_a.names) {
    auto other = in_b.names.find(name);
    if (other != in_b.names.end()) changes.push_back({name, std::abs(mean(other->second) - mean(values))});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const Change& x, const Change& y) { return x.size > y.size; });
  for (size_t i = 0; i < std::min(options.most, changes.size()); ++i) {
    const std::string& name = changes[i].name;
    rows.push_back(ratio_of(name, in_a.names[name], in_b.names[name], options));
  }
  return rows;
}

std::vector<StepRatio> compare_steps(const View& a, const View& b, const StepOptions& options) {
  Totals of_a = totals_of(a, {}, {}), of_b = totals_of(b, {}, {});
  return compare_steps(std::vector<const Totals*>{&of_a}, {&of_b}, options);
}

}  // namespace hasten::trace
