// One method, as JSON and for a terminal: what it is, what cannot stand beside it, and what was measured of it.
#pragma once

#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/cli/method_verdicts.h"

namespace hasten::cli {

// Verdicts on single methods, and on pairs from experiments of their own.
struct Measured {
  std::vector<evaluate::VerdictFile> files, pairs;
  explicit Measured(const std::vector<std::string>& paths);  // as load_verdicts takes them
};

Json method_json(const Catalogue& catalogue, const MethodSpec& spec, const Measured& measured);
void show_method(const Catalogue& catalogue, const MethodSpec& spec, const Measured& measured, bool json);

}  // namespace hasten::cli
