// What every command shares.
#include "hasten/cli/command.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <iostream>

#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten::cli {
namespace {

template <typename Number>
std::optional<Number> read_all_of(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

CLI::Validator real_number(const char* name, const char* expected, bool (*fits)(double)) {
  return {[=](std::string& text) {
            const std::optional<double> value = read_all_of<double>(text);
            return value && std::isfinite(*value) && fits(*value) ? ""
                                                                  : cat("expected ", expected, ", got '", text, "'");
          },
          name};
}

}  // namespace

CLI::Validator non_negative() {
  return real_number("NONNEGATIVE", "a number that is not below 0", [](double value) { return value >= 0; });
}

CLI::Validator positive() {
  return real_number("POSITIVE", "a number above 0", [](double value) { return value > 0; });
}

CLI::Validator whole_number(int64_t least, int64_t most) {
  return {[=](std::string& text) {
            const std::optional<int64_t> value = read_all_of<int64_t>(text);
            return value && *value >= least && *value <= most
                       ? ""
                       : cat("expected a whole number from ", least, " to ", most, ", got '", text, "'");
          },
          ""};
}

void print_json(const Json& json) { std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n"; }

void add_json_flag(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "print the result as JSON, for machines");
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }

}  // namespace hasten::cli
