// Wording of the errors: one format for every message a user sees.
#include "hasten/base/error.h"

#include <utility>

namespace hasten {
namespace {

std::string config_text(const std::string& where, const std::string& expected, const std::string& got) {
  return "[" + where + "] expected " + expected + ", got " + got;
}

}  // namespace

ConfigError::ConfigError(std::string where, std::string expected, std::string got, std::string hint)
    : std::runtime_error(config_text(where, expected, got)),
      where_(std::move(where)),
      expected_(std::move(expected)),
      got_(std::move(got)),
      hint_(std::move(hint)) {}

ConfigError ConfigError::at(std::string source) const {
  ConfigError placed = *this;
  if (placed.source_.empty()) placed.source_ = std::move(source);
  return placed;
}

DataError::DataError(std::string path, std::string location, std::string message, std::string hint)
    : std::runtime_error(path + (location.empty() ? "" : ", " + location) + ": " + message),
      path_(std::move(path)),
      location_(std::move(location)),
      reason_(std::move(message)),
      hint_(std::move(hint)) {}

void fail_check(const char* condition, const char* file, int line, const std::string& message) {
  throw InternalError(std::string(file) + ":" + std::to_string(line) + ": " + message + " (" + condition + ")");
}

}  // namespace hasten
