// What a lint says about a comparison.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hasten::evaluate {

enum class Severity { kInfo, kWarning, kError };  // note, must be disclosed, must not be published
std::string_view name(Severity severity);         // info, warning, error

enum class Outcome { kClean, kFired, kNotCheckable };
std::string_view name(Outcome outcome);           // clean, fired, not checkable

struct Hit {
  Severity severity = Severity::kWarning;
  std::string where;    // group, run or workload
  std::string message;  // with the numbers
};

struct LintResult {
  std::string_view id, name, explanation;
  Severity severity = Severity::kWarning;
  Outcome outcome = Outcome::kClean;
  std::vector<Hit> hits;
  std::vector<std::string> missing;  // fields without which the rest could not be checked
};

}  // namespace hasten::evaluate
