// A quality metric: split, measure and direction belong together.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "hasten/spec/choices.h"

namespace hasten {

enum class Split { kTrain, kValidation, kTest };
constexpr std::array<std::string_view, 3> choices(Split) { return {"train", "validation", "test"}; }

enum class Measure { kAccuracy, kLoss };
constexpr std::array<std::string_view, 2> choices(Measure) { return {"accuracy", "loss"}; }

struct Metric {
  Split split = Split::kTest;
  Measure measure = Measure::kAccuracy;

  bool higher_is_better() const { return measure == Measure::kAccuracy; }
  bool reaches(double value, double target) const { return higher_is_better() ? value >= target : value <= target; }
  std::string name() const;  // "test/accuracy"
  bool operator==(const Metric&) const = default;
};

// Reads "test/accuracy"; throws ConfigError naming `where`.
Metric parse_metric(std::string_view text, const std::string& where);

}  // namespace hasten
