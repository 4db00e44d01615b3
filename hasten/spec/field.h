// One parameter of a struct: its name, range, unit and help. See params.h for what is made of them.
#pragma once

#include <limits>
#include <string>

namespace hasten {

// The values a number may take. `{0, 1}` is closed; see also above() and below().
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;

  bool contains(double value) const;
  std::string text() const;  // "a number in [0, 1)", "a number > 0"
};
constexpr Range at_least(double low) { return {low, std::numeric_limits<double>::infinity()}; }
constexpr Range above(double low) { return {low, std::numeric_limits<double>::infinity(), true, false}; }
constexpr Range half_open(double low, double high) { return {low, high, false, true}; }
constexpr Range open(double low, double high) { return {low, high, true, true}; }

template <class Owner, class T>
struct Field {
  const char* name;
  T Owner::*member;
  Range range;
  const char* help;
  const char* unit;
};
template <class Owner, class T>
constexpr Field<Owner, T> field(const char* name, T Owner::*member, Range range, const char* help,
                                const char* unit = "") {
  return {name, member, range, help, unit};
}
template <class Owner, class T>
constexpr Field<Owner, T> field(const char* name, T Owner::*member, const char* help, const char* unit = "") {
  return {name, member, {}, help, unit};
}

}  // namespace hasten
