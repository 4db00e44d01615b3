// The frame of a self-contained page whose body is written by this program: opens offline, light and dark, lets its data be saved.
#pragma once

#include <string>
#include <string_view>

#include "hasten/base/json_fwd.h"

namespace hasten::report {

struct StaticPage {
  std::string title;  // words, escaped here like `command` and `footer`
  std::string_view css;
  std::string body;  // markup
  std::string command;  // under "how to reproduce"; or nothing
  std::string footer;
  std::string csv, csv_name;  // or nothing
  std::string json_name;
};
std::string static_page(const StaticPage& page, const Json& data);

}  // namespace hasten::report
