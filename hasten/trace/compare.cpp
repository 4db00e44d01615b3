// Traces side by side.
#include "hasten/trace/compare.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "hasten/base/error.h"
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
  if (view.options.semantics != Semantics::kHta && !device && !view.host(i)) return false;
  return side == Side::kBoth || (side == Side::kDevice) == device;
}

Side counted_side(const View& view, size_t i) {
  if (view.options.semantics == Semantics::kHta) return Side::kBoth;
  return on_device(view, i) ? Side::kDevice : Side::kHost;
}

// Of a name's id and a side, in one number.
uint64_t side_key(uint32_t name, Side side) { return uint64_t{name} << 2 | static_cast<uint64_t>(side); }

std::string label(const View& view, uint32_t name, bool short_names) {
  std::string_view text = view.trace->strings.view(name);
  if (!short_names) return std::string(text);
  return view.options.semantics == Semantics::kHta ? hta_short_name(text) : short_name(text);
}

void add_names(const View& view, const CompareOptions& options, std::optional<int32_t> step, Totals& totals) {
  std::unordered_map<uint64_t, Count> by_name;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!counts(view, i, options.side) || (step && view.step[i] != *step)) continue;
    Count& sum = by_name[side_key(view.name_id(i), counted_side(view, i))];
    ++sum.count;
    sum.ticks += view.dur[i];
  }
  for (const auto& [key, sum] : by_name) {
    std::string name = label(view, static_cast<uint32_t>(key >> 2), options.short_names);
    Count& total = totals.names[{std::move(name), static_cast<Side>(key & 3)}];
    total.count += sum.count;
    total.ticks += sum.ticks;
  }
}

void add_steps(const View& view, Side side, Totals& totals) {
  for (const Step& step : view.steps) totals.steps[step.number] += view.ns(step.dur);
  std::unordered_map<uint64_t, std::unordered_map<int32_t, int64_t>> sums;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.step[i] < 0 || !counts(view, i, side) || step_number(view.name(i)) >= 0) continue;
    sums[side_key(view.name_id(i), counted_side(view, i))][view.step[i]] += view.dur[i];
  }
  for (const auto& [key, ticks] : sums) {
    std::string name(view.trace->strings.view(static_cast<uint32_t>(key >> 2)));
    auto& values = totals.step_names[{std::move(name), static_cast<Side>(key & 3)}];
    for (const auto& [step, sum] : ticks) values[step] = view.ns(sum);
  }
}

// What a name needs behind it to be told from its namesake on the other side.
template <class Rows>
std::string suffix_in(const Rows& rows, const NameOnSide& name) {
  if (name.second == Side::kBoth) return "";
  bool host = name.second == Side::kHost;
  if (!rows.contains({name.first, host ? Side::kDevice : Side::kHost})) return "";
  return host ? " (host)" : " (device)";
}

}  // namespace

Side parse_side(std::string_view text) {
  if (text == "host") return Side::kHost;
  if (text == "device") return Side::kDevice;
  if (text == "both") return Side::kBoth;
  throw ConfigError("--side", "host, device or both", "'" + std::string(text) + "'");
}

Totals totals_of(const View& view, const CompareOptions& options, std::optional<int32_t> step) {
  Totals totals;
  totals.ns_per_tick = view.ns(1);
  add_names(view, options, step, totals);
  add_steps(view, options.side, totals);
  return totals;
}

std::vector<Difference> compare_by_name(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b) {
  std::map<NameOnSide, Difference> rows;
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
    row.name = name.first;
    row.side = name.second;
    row.suffix = suffix_in(rows, name);
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
    std::string name = row.name + row.suffix;
    if (row.count_a == 0 && row.count_b > 0) names.added.push_back(name);
    if (row.count_a > 0 && row.count_b == 0) names.deleted.push_back(name);
    if (row.count_a > 0 && row.count_change() > 0) names.increased.push_back(name);
    if (row.count_b > 0 && row.count_change() < 0) names.decreased.push_back(name);
    if (row.count_b > 0 && row.count_change() == 0) names.unchanged.push_back(name);
  }
  return names;
}

namespace {

// Nanoseconds per step, in the steps' order, the mean over ranks: of the step itself, and of each name inside it.
struct PerStep {
  std::vector<double> whole;
  std::map<NameOnSide, std::vector<double>> names;
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

StepRatio ratio_of(const NameOnSide& what, std::string suffix, const std::vector<double>& a,
                   const std::vector<double>& b, const StepOptions& options) {
  StepRatio row{what.first, what.second, std::move(suffix), mean(a), mean(b), 0, 0, 0, a.size(), b.size()};
  if (!(row.a_ns > 0)) return row;
  row.ratio = row.b_ns / row.a_ns;
  RandomStream random(options.seed, operation("trace.compare"), 0, operation(row.what + row.suffix));
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
  std::vector<StepRatio> rows = {ratio_of({"step", Side::kBoth}, "", in_a.whole, in_b.whole, options)};
  struct Change {
    NameOnSide name;
    double size;
  };
  std::vector<Change> changes;
  for (const auto& [name, values] : in_a.names) {
    auto other = in_b.names.find(name);
    if (other != in_b.names.end()) changes.push_back({name, std::abs(mean(other->second) - mean(values))});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const Change& x, const Change& y) { return x.size > y.size; });
  for (size_t i = 0; i < std::min(options.most, changes.size()); ++i) {
    const NameOnSide& name = changes[i].name;
    std::string suffix = suffix_in(in_a.names, name);
    if (suffix.empty()) suffix = suffix_in(in_b.names, name);
    rows.push_back(ratio_of(name, std::move(suffix), in_a.names[name], in_b.names[name], options));
  }
  return rows;
}

size_t count_step_names(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b) {
  auto names_of = [](const std::vector<const Totals*>& ranks) {
    std::set<NameOnSide> names;
    for (const Totals* rank : ranks) {
      for (const auto& [name, by_step] : rank->step_names) names.insert(name);
    }
    return names;
  };
  std::set<NameOnSide> in_a = names_of(a), in_b = names_of(b);
  return static_cast<size_t>(
      std::count_if(in_a.begin(), in_a.end(), [&](const NameOnSide& name) { return in_b.contains(name); }));
}

std::vector<StepRatio> compare_steps(const View& a, const View& b, const StepOptions& options) {
  Totals of_a = totals_of(a, {}, {}), of_b = totals_of(b, {}, {});
  return compare_steps(std::vector<const Totals*>{&of_a}, {&of_b}, options);
}

}  // namespace hasten::trace
