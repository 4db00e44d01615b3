// What a run cost, in every unit that its record allows, and what it reached.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

enum class Cost { kTrainSeconds, kTotalSeconds, kSteps, kSamples, kTokens, kFlops, kJoules, kUsd };

const std::vector<Cost>& all_costs();
std::string_view name(Cost cost);    // train_s, total_s, steps, samples, tokens, flops, joules, usd
std::string_view label(Cost cost);   // "train seconds"
Cost parse_cost(std::string_view text, std::string_view where);  // throws ConfigError with the choices
std::string cost_text(Cost cost, double value);                  // "1m23s", "3.2e15 FLOP", "$0.02"

// The cost of the whole run, with preludes and other auxiliary work that the run did not already charge.
// nullopt when the record does not say.
std::optional<double> run_cost(const Run& run, Cost cost);

// The cost accumulated up to this event, without auxiliary work.
std::optional<double> event_cost(const Run& run, const EventRecord& event, Cost cost);

// One evaluation of a metric.
struct Reading {
  size_t event = 0;  // index into run.events
  double value = 0;
};

// The evaluations of `metric` (name, split unless empty, weights), in the order of the log.
std::vector<Reading> readings(const Run& run, const Metric& metric);

// The run's quality by metric.aggregation: the last reading, the best, or the mean of the last k ("mean3").
// nullopt when the run has no reading, or when the one that counts is NaN.
std::optional<double> quality(const Run& run, const Metric& metric);

// What the name of a metric usually means: loss, error, perplexity and the like are minimized, all else maximized.
Direction usual_direction(std::string_view metric);

// Equality counts as reached; NaN never reaches.
bool reaches(double value, double target, Direction direction);
// Positive when a is better than b.
double advantage(double a, double b, Direction direction);

}  // namespace hasten::evaluate
