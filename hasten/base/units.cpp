// Reading and writing amounts of training.
#include "hasten/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr std::string_view kExpected = "a duration such as 3ep, 0.4dur, 500step, 50000sample, 90s, 1e15flop or 500J";
constexpr std::string_view kHint =
    "units: ep, step, sample, token, s (min, h), flop, J, and dur (a share of the whole budget)";

struct Suffix {
  std::string_view text;
  Unit unit;
  double factor;
};

// The first suffix of a unit is its canonical name.
constexpr std::array<Suffix, 17> kSuffixes{{{"ep", Unit::kEpoch, 1},
                                            {"step", Unit::kStep, 1},
                                            {"sample", Unit::kSample, 1},
                                            {"token", Unit::kToken, 1},
                                            {"s", Unit::kSecond, 1},
                                            {"flop", Unit::kFlop, 1},
                                            {"J", Unit::kJoule, 1},
                                            {"dur", Unit::kFraction, 1},
                                            {"epoch", Unit::kEpoch, 1},
                                            {"epochs", Unit::kEpoch, 1},
                                            {"steps", Unit::kStep, 1},
                                            {"samples", Unit::kSample, 1},
                                            {"tokens", Unit::kToken, 1},
                                            {"m", Unit::kSecond, 60},
                                            {"min", Unit::kSecond, 60},
                                            {"h", Unit::kSecond, 3600},
                                            {"flops", Unit::kFlop, 1}}};

const Suffix* find_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return &suffix;
  }
  return nullptr;
}

}  // namespace

std::string_view unit_name(Unit unit) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.unit == unit) return suffix.text;
  }
  throw InternalError("unit without a name");
}

bool is_deterministic(Unit unit) { return unit != Unit::kSecond && unit != Unit::kJoule; }

Duration parse_duration(std::string_view text, std::string_view where) {
  auto refuse = [&]() -> ConfigError {
    return {std::string(where), std::string(kExpected), "'" + std::string(text) + "'", std::string(kHint)};
  };
  Duration total;
  bool first = true;
  std::string_view rest = trim(text);
  if (rest.empty()) throw refuse();
  while (!rest.empty()) {
    double value = 0;
    auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (code != std::errc() || !std::isfinite(value) || value < 0) throw refuse();
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    size_t digits = rest.find_first_of("0123456789.");
    const Suffix* suffix = find_suffix(trim(rest.substr(0, digits)));
    if (suffix == nullptr) throw refuse();
    // Only times may be written in several parts, as in 1h20m40s.
    if (!first && (suffix->unit != Unit::kSecond || total.unit != Unit::kSecond)) throw refuse();
    total.value += value * suffix->factor;
    total.unit = suffix->unit;
    rest = digits == std::string_view::npos ? std::string_view{} : rest.substr(digits);
    first = false;
  }
  return total;
}

std::string to_string(const Duration& duration) {
  return number(duration.value) + std::string(unit_name(duration.unit));
}

}  // namespace hasten
