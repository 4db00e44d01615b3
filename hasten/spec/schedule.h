// A value over the run: points in the consumed budget and a line between them.
#pragma once

#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/base/units.h"

namespace hasten {

// How long a run is planned to be, and what is known to convert between its units. Epochs, steps, samples and tokens
// convert into each other; no other unit converts, because the factor is not known before the run.
struct RunLength {
  Duration budget;
  double samples_per_epoch = 0;
  double steps_per_epoch = 0;
  double tokens_per_sample = 0;  // of text

  // `at` as a share of the budget; throws ConfigError naming `where` if the units do not convert.
  double fraction(const Duration& at, const std::string& where) const;
  // The amount of `unit` in the whole budget, or a negative number if it is not known beforehand.
  double total(Unit unit) const;
};

class Schedule {
 public:
  enum class Shape { kLinear, kCosine, kStep };
  struct Point {
    Duration at;
    double value = 0;
    bool operator==(const Point&) const = default;
  };

  Schedule() = default;
  explicit Schedule(double constant) : points_{{{0, Unit::kFraction}, constant}} {}
  explicit Schedule(std::vector<Point> points, Shape shape = Shape::kLinear)
      : points_(std::move(points)), shape_(shape) {}

  // A number, a list [["0dur", 0.2], ["1dur", 0]], a name ("constant", "linear", "cosine": from 1 to 0), or a table
  // {shape = "linear" | "cosine" | "step", points = [...]}. Throws ConfigError naming `where`.
  static Schedule parse(const Json& value, const std::string& where);
  Json to_json() const;

  // Places the points on [0, 1], in order; throws ConfigError naming `where`.
  void resolve(const RunLength& length, const std::string& where);
  // The value after a share `fraction` of the budget was consumed. resolve() must have been called.
  double at(double fraction) const;
  double peak() const;  // the largest value at any point
  std::vector<double> values() const;
  double mean() const;  // the average over the run
  bool constant() const { return points_.size() == 1; }

  bool operator==(const Schedule&) const = default;

 private:
  std::vector<Point> points_;
  Shape shape_ = Shape::kLinear;
  std::vector<double> positions_;
};

}  // namespace hasten
