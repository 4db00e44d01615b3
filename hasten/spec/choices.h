// Names of enum values: an enum is printable when a function `choices(Enum)` beside it returns its names in order.
#pragma once

#include <cstddef>
#include <string_view>

namespace hasten {

template <class Enum>
constexpr std::string_view name_of(Enum value) {
  return choices(value)[static_cast<size_t>(value)];
}

}  // namespace hasten
