// Costs and qualities of single runs.
#include "hasten/evaluate/cost.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::evaluate {
namespace {

struct CostRow {
  Cost cost;
  std::string_view name, label;
  std::optional<double> Totals::*total;
  std::optional<double> EventRecord::*event;
  std::optional<double> AuxiliaryCost::*auxiliary;
};

// usd has no field of its own: it is hours times price. Steps are whole numbers in events.
constexpr CostRow kRows[] = {
    {Cost::kTrainSeconds, "train_s", "train seconds", &Totals::train_s, &EventRecord::t_train, &AuxiliaryCost::seconds},
    {Cost::kTotalSeconds, "total_s", "total seconds", &Totals::total_s, &EventRecord::t_total, &AuxiliaryCost::seconds},
    {Cost::kSteps, "steps", "steps", &Totals::steps, nullptr, nullptr},
    {Cost::kSamples, "samples", "samples", &Totals::samples, &EventRecord::samples, &AuxiliaryCost::samples},
    {Cost::kTokens, "tokens", "tokens", &Totals::tokens, &EventRecord::tokens, nullptr},
    {Cost::kFlops, "flops", "FLOPs", &Totals::flops, &EventRecord::flops, &AuxiliaryCost::flops},
    {Cost::kJoules, "joules", "joules", &Totals::joules, &EventRecord::joules, &AuxiliaryCost::joules},
    {Cost::kUsd, "usd", "US dollars", nullptr, nullptr, &AuxiliaryCost::usd}};

const CostRow& row_of(Cost cost) {
  for (const CostRow& row : kRows) {
    if (row.cost == cost) return row;
  }
  throw InternalError("a cost without a row");
}

std::optional<double> recorded_total(const Run& run, Cost cost) {
  const CostRow& row = row_of(cost);
  if (row.total && run.record.executed.*row.total) return run.record.executed.*row.total;
  for (auto event = run.events.rbegin(); event != run.events.rend(); ++event) {
    if (auto value = event_cost(run, *event, cost)) return value;
  }
  return std::nullopt;
}

}  // namespace

const std::vector<Cost>& all_costs() {
  static const std::vector<Cost> costs = [] {
    std::vector<Cost> all;
    for (const CostRow& row : kRows) all.push_back(row.cost);
    return all;
  }();
  return costs;
}

std::string_view name(Cost cost) { return row_of(cost).name; }
std::string_view label(Cost cost) { return row_of(cost).label; }

Cost parse_cost(std::string_view text, std::string_view where) {
  std::vector<std::string> names;
  for (const CostRow& row : kRows) {
    if (row.name == text) return row.cost;
    names.emplace_back(row.name);
  }
  throw ConfigError(std::string(where), "a cost: " + join(names, ", "), "'" + std::string(text) + "'",
                    suggest(text, names));
}

std::string cost_text(Cost cost, double value) {
  switch (cost) {
    case Cost::kTrainSeconds:
    case Cost::kTotalSeconds: return duration_text(value);
    case Cost::kFlops: return si(value) + "FLOP";
    case Cost::kJoules: return si(value) + "J";
    case Cost::kUsd: return "$" + significant(value, 3);
    default: return value < 10000 && value == std::floor(value) ? number(value) : si(value, 4);
  }
}

std::optional<double> event_cost(const Run& run, const EventRecord& event, Cost cost) {
  if (cost == Cost::kSteps) {
    return event.step ? std::optional(static_cast<double>(*event.step)) : std::nullopt;
  }
  if (cost == Cost::kUsd) {
    const auto& seconds = event.t_total ? event.t_total : event.t_train;
    if (!seconds || !run.record.price.usd_per_hour) return std::nullopt;
    return *seconds / 3600 * *run.record.price.usd_per_hour;
  }
  return event.*row_of(cost).event;
}

std::optional<double> run_cost(const Run& run, Cost cost) {
  std::optional<double> total;
  if (cost == Cost::kUsd) {
    auto seconds = recorded_total(run, Cost::kTotalSeconds);
    if (!seconds) seconds = recorded_total(run, Cost::kTrainSeconds);
    if (seconds && run.record.price.usd_per_hour) total = *seconds / 3600 * *run.record.price.usd_per_hour;
  } else {
    total = recorded_total(run, cost);
  }
  if (!total) return std::nullopt;
  if (auto member = row_of(cost).auxiliary) {
    for (const AuxiliaryCost& work : run.record.auxiliary) {
      if (!work.charged && work.*member) *total += *(work.*member);
    }
  }
  return total;
}

std::vector<Reading> readings(const Run& run, const Metric& metric) {
  std::vector<Reading> found;
  // Which weights a run reports is part of its recipe: an average is evaluated where a method keeps one.
  const Metric& own = run.record.metric;
  const std::string& weights = own.name == metric.name && own.split == metric.split ? own.weights : metric.weights;
  for (size_t i = 0; i < run.events.size(); ++i) {
    for (const MetricValue& value : run.events[i].metrics) {
      bool same = value.name == metric.name && (metric.split.empty() || value.split == metric.split);
      if (same && value.weights == weights) found.push_back({i, value.value});
    }
  }
  return found;
}

std::optional<double> quality(const Run& run, const Metric& metric) {
  std::vector<Reading> all = readings(run, metric);
  if (all.empty()) return std::nullopt;
  double value = all.back().value;
  if (metric.aggregation == "best") {
    for (const Reading& reading : all) {
      if (std::isnan(value) || advantage(reading.value, value, metric.direction) > 0) value = reading.value;
    }
  } else if (metric.aggregation.rfind("mean", 0) == 0) {
    auto wanted = static_cast<size_t>(std::max(1, std::atoi(metric.aggregation.c_str() + 4)));
    size_t count = std::min(wanted, all.size());
    value = 0;
    for (size_t i = all.size() - count; i < all.size(); ++i) value += all[i].value / static_cast<double>(count);
  } else if (metric.aggregation != "last") {
    throw ConfigError("metric.aggregation", "last, best or meanK", "'" + metric.aggregation + "'");
  }
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

Direction usual_direction(std::string_view metric) {
  for (std::string_view part : {"loss", "error", "perplexity"}) {
    if (metric.find(part) != std::string_view::npos) return Direction::kMinimize;
  }
  // Short ones only as whole words: "power" is no word error rate.
  std::string words(metric);
  std::replace_if(words.begin(), words.end(), [](char c) { return c == '/' || c == '-' || c == '.' || c == ' '; }, '_');
  for (const std::string& word : split(words, '_')) {
    for (std::string_view least : {"wer", "cer", "ppl", "mse", "mae", "rmse", "nll", "bpb", "bpc", "fid"}) {
      if (word == least) return Direction::kMinimize;
    }
  }
  return Direction::kMaximize;
}

bool reaches(double value, double target, Direction direction) {
  return direction == Direction::kMaximize ? value >= target : value <= target;
}

double advantage(double a, double b, Direction direction) { return direction == Direction::kMaximize ? a - b : b - a; }

}  // namespace hasten::evaluate
