// Amounts of training: "3ep", "0.4dur", "500step", "90s", "1e15flop". Never converted silently.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hasten {

enum class Unit { kEpoch, kStep, kSample, kToken, kSecond, kFlop, kJoule, kFraction };

// The suffix a user writes: ep, step, sample, token, s, flop, J, dur.
std::string_view unit_name(Unit unit);

// Whether a run of this length is the same on every machine (seconds and joules are not).
bool is_deterministic(Unit unit);

// An amount of training. kFraction ("0.4dur") is a share of the run's whole planned budget.
struct Duration {
  double value = 0;
  Unit unit = Unit::kStep;

  bool operator==(const Duration&) const = default;
};

// Reads "3ep", "0.5dur", "200step", "50000sample", "90s", "2min", "1h", "1h20m40s", "1e15flop", "500J".
// Throws ConfigError naming `where` for an unknown unit, a bad number, or a negative or non-finite amount.
Duration parse_duration(std::string_view text, std::string_view where);

// "3ep": reads back as the same duration.
std::string to_string(const Duration& duration);

}  // namespace hasten
