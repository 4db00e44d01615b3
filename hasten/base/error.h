// Errors of the library: what a user got wrong, what a file holds wrongly, and what we got wrong.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace hasten {

// A recipe, flag or combination that cannot work. Thrown before any step is taken (exit code 2).
// Reads as `[where] expected X, got Y`; `hint` says what to do next.
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string where, std::string expected, std::string got, std::string hint = "");

  const std::string& where() const { return where_; }
  const std::string& expected() const { return expected_; }
  const std::string& got() const { return got_; }
  const std::string& hint() const { return hint_; }
  const std::string& source() const { return source_; }

  // The same error with the place in the file it came from ("recipes/a.toml:12").
  ConfigError at(std::string source) const;

 private:
  std::string where_, expected_, got_, hint_, source_;
};

// A file that is corrupt or not what it should be (exit code 3).
// `location` is an offset, a line or a record number in words: "byte 16", "line 3".
class DataError : public std::runtime_error {
 public:
  DataError(std::string path, std::string location, std::string message, std::string hint = "");

  const std::string& path() const { return path_; }
  const std::string& location() const { return location_; }
  const std::string& reason() const { return reason_; }  // the message without its place
  const std::string& hint() const { return hint_; }

 private:
  std::string path_, location_, reason_, hint_;
};

// A broken promise inside this program: always a bug of ours (exit code 1).
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_check(const char* condition, const char* file, int line, const std::string& message);

}  // namespace hasten

// Holds in every build. NDEBUG is always defined here (LibTorch's layout depends on it), so <cassert> is mute.
#define HASTEN_CHECK(condition, message) \
  ((condition) ? void() : ::hasten::fail_check(#condition, __FILE__, __LINE__, (message)))
