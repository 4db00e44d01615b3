// Two traces side by side.
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

struct Sum {
  int64_t count = 0, ticks = 0;
};

std::unordered_map<uint32_t, Sum> sums_of(const View& view, const CompareOptions& options,
                                          std::optional<int32_t> step) {
  std::unordered_map<uint32_t, Sum> sums;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!counts(view, i, options.side) || (step && view.step[i] != *step)) continue;
    Sum& sum = sums[view.name_id(i)];
    ++sum.count;
    sum.ticks += view.dur[i];
  }
  return sums;
}

}  // namespace

std::vector<Difference> compare_by_name(const View& a, const View& b, const CompareOptions& options) {
  std::map<std::string, Difference> rows;
  auto label = [&](const View& view, uint32_t name) {
    std::string_view text = view.trace->strings.view(name);
    if (!options.short_names) return std::string(text);
    return view.options.semantics == Semantics::kHta ? hta_short_name(text) : short_name(text);
  };
  for (const auto& [name, sum] : sums_of(a, options, options.step_a)) {
    Difference& row = rows[label(a, name)];
    row.count_a += sum.count;
    row.ticks_a += sum.ticks;
  }
  for (const auto& [name, sum] : sums_of(b, options, options.step_b)) {
    Difference& row = rows[label(b, name)];
    row.count_b += sum.count;
    row.ticks_b += sum.ticks;
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

// Nanoseconds per kept step, in the steps' order: of the step itself, and of each name inside it.
struct PerStep {
  std::vector<double> whole;
  std::map<std::string, std::vector<double>> names;
};

PerStep per_step(const View& view) {
  PerStep result;
  std::unordered_map<int32_t, size_t> place;
  for (const Step& step : view.steps) {
    place.emplace(static_cast<int32_t>(step.number), result.whole.size());
    result.whole.push_back(static_cast<double>(step.dur * view.tick_ns));
  }
  std::unordered_map<uint32_t, std::vector<double>> sums;
  for (size_t i = 0; i < view.size(); ++i) {
    auto step = place.find(view.step[i]);
    if (step == place.end() || !counts(view, i, Side::kBoth) || step_number(view.name(i)) >= 0) continue;
    auto& values = sums[view.name_id(i)];
    values.resize(result.whole.size());
    values[step->second] += static_cast<double>(view.dur[i] * view.tick_ns);
  }
  for (auto& [name, values] : sums)
    result.names.emplace(std::string(view.trace->strings.view(name)), std::move(values));
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

StepRatio ratio_of(std::string what, const std::vector<double>& a, const std::vector<double>& b, double confidence,
                   int resamples, uint64_t seed) {
  StepRatio row{std::move(what), mean(a), mean(b), 0, 0, 0, a.size(), b.size()};
  if (!(row.a_ns > 0)) return row;
  row.ratio = row.b_ns / row.a_ns;
  RandomStream random(seed, operation("trace.compare"), 0, operation(row.what));
  std::vector<double> ratios;
  for (int r = 0; r < resamples; ++r) {
    double below = resampled_mean(a, random), above = resampled_mean(b, random);
    if (below > 0) ratios.push_back(above / below);
  }
  std::sort(ratios.begin(), ratios.end());
  row.low = quantile_of_sorted(ratios, (1 - confidence) / 2);
  row.high = quantile_of_sorted(ratios, (1 + confidence) / 2);
  return row;
}

}  // namespace

std::vector<StepRatio> compare_steps(const View& a, const View& b, size_t most, double confidence, int resamples,
                                     uint64_t seed) {
  PerStep in_a = per_step(a), in_b = per_step(b);
  if (in_a.whole.empty() || in_b.whole.empty()) return {};
  std::vector<StepRatio> rows = {ratio_of("step", in_a.whole, in_b.whole, confidence, resamples, seed)};
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
  for (size_t i = 0; i < std::min(most, changes.size()); ++i) {
    const std::string& name = changes[i].name;
    rows.push_back(ratio_of(name, in_a.names[name], in_b.names[name], confidence, resamples, seed));
  }
  return rows;
}

}  // namespace hasten::trace
