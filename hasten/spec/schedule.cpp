// Schedules: reading, placing on the budget, evaluating.
#include "hasten/spec/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr const char* kExpected =
    "a number, a name (constant, linear, cosine) or points like [[\"0dur\", 0.2], [\"1dur\", 0.0]]";

Schedule::Shape parse_shape(const Json& value, const std::string& where) {
  if (value == "linear") return Schedule::Shape::kLinear;
  if (value == "cosine") return Schedule::Shape::kCosine;
  if (value == "step") return Schedule::Shape::kStep;
  throw ConfigError(where, "linear, cosine or step", value.dump());
}

double finite_number(const Json& value, const std::string& where) {
  const double number = value.get<double>();
  if (!std::isfinite(number)) throw ConfigError(where, "a finite number", value.dump());
  return number;
}

std::vector<Schedule::Point> parse_points(const Json& list, const std::string& where) {
  if (!list.is_array() || list.empty()) throw ConfigError(where, kExpected, list.dump());
  std::vector<Schedule::Point> points;
  for (const Json& item : list) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number()) {
      throw ConfigError(where, "points of the form [\"0.2dur\", 1.0]", item.dump());
    }
    points.push_back({parse_duration(item[0].get<std::string>(), where), finite_number(item[1], where)});
  }
  return points;
}

double interpolate(Schedule::Shape shape, double a, double b, double t) {
  switch (shape) {
    case Schedule::Shape::kLinear: return a + (b - a) * t;
    case Schedule::Shape::kCosine: return b + (a - b) * 0.5 * (1 + std::cos(std::numbers::pi * t));
    case Schedule::Shape::kStep: return a;
  }
  return a;
}

}  // namespace

double RunLength::total(Unit unit) const {
  if (unit == budget.unit) return budget.value;
  if (unit == Unit::kFraction) return 1;
  auto per_epoch = [&](Unit u) {
    switch (u) {
      case Unit::kEpoch: return 1.0;
      case Unit::kStep: return steps_per_epoch;
      case Unit::kSample: return samples_per_epoch;
      case Unit::kToken: return samples_per_epoch * tokens_per_sample;
      default: return -1.0;
    }
  };
  double from = per_epoch(budget.unit), to = per_epoch(unit);
  return from > 0 && to > 0 ? budget.value / from * to : -1;
}

double RunLength::fraction(const Duration& at, const std::string& where) const {
  if (at.unit == Unit::kFraction) return at.value;
  double whole = total(at.unit);
  if (whole <= 0) {
    throw ConfigError(where, "a position that converts to the budget's unit (" + to_string(budget) + ")",
                      "'" + to_string(at) + "'", "write it as a share of the budget, such as 0.5dur");
  }
  return at.value / whole;
}

Schedule Schedule::parse(const Json& value, const std::string& where) {
  if (value.is_number()) return Schedule(finite_number(value, where));
  auto from_one = [](double end, Shape shape) {
    return Schedule({{{0, Unit::kFraction}, 1.0}, {{1, Unit::kFraction}, end}}, shape);
  };
  if (value == "constant") return Schedule(1.0);
  if (value == "linear") return from_one(0, Shape::kLinear);
  if (value == "cosine") return from_one(0, Shape::kCosine);
  if (value.is_array()) return Schedule(parse_points(value, where));
  if (value.is_object() && value.contains("points")) {
    for (const auto& [key, unused] : value.items()) {
      if (key != "points" && key != "shape") {
        throw ConfigError(where, "the keys shape and points", "'" + key + "'");
      }
    }
    Shape shape = value.contains("shape") ? parse_shape(value["shape"], where + ".shape") : Shape::kLinear;
    return Schedule(parse_points(value["points"], where + ".points"), shape);
  }
  throw ConfigError(where, kExpected, value.dump());
}

Json Schedule::to_json() const {
  if (constant() && points_[0].at == Duration{0, Unit::kFraction}) return points_[0].value;
  Json list = Json::array();
  for (const Point& point : points_) list.push_back({to_string(point.at), point.value});
  if (shape_ == Shape::kLinear) return list;
  return {{"shape", shape_ == Shape::kCosine ? "cosine" : "step"}, {"points", list}};
}

void Schedule::resolve(const RunLength& length, const std::string& where) {
  HASTEN_CHECK(!points_.empty(), "a schedule without points");
  positions_.clear();
  for (const Point& point : points_) {
    double position = length.fraction(point.at, where);
    if (!positions_.empty() && position < positions_.back()) {
      throw ConfigError(where, "points in the order in which they are reached",
                        "'" + to_string(point.at) + "' after a later one");
    }
    positions_.push_back(position);
  }
}

double Schedule::at(double fraction) const {
  if (points_.size() == 1) return points_[0].value;
  HASTEN_CHECK(positions_.size() == points_.size(), "a schedule was read before it was resolved");
  size_t next =
      static_cast<size_t>(std::upper_bound(positions_.begin(), positions_.end(), fraction) - positions_.begin());
  if (next == 0) return points_.front().value;
  if (next == points_.size()) return points_.back().value;
  double span = positions_[next] - positions_[next - 1];
  return interpolate(shape_, points_[next - 1].value, points_[next].value, (fraction - positions_[next - 1]) / span);
}

double Schedule::peak() const {
  double best = points_.front().value;
  for (const Point& point : points_) best = std::max(best, point.value);
  return best;
}

std::vector<double> Schedule::values() const {
  std::vector<double> values;
  for (const Point& point : points_) values.push_back(point.value);
  return values;
}

double Schedule::mean() const {
  constexpr int kSamples = 1000;
  double total = 0;
  for (int i = 0; i < kSamples; ++i) total += at((i + 0.5) / kSamples);
  return total / kSamples;
}

}  // namespace hasten
