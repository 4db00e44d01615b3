// Files of the project that are part of the program.
#pragma once

#include <string_view>
#include <vector>

namespace hasten::cli::embedded {

std::vector<std::string_view> gaps_files();     // docs/gaps.toml
std::vector<std::string_view> verdict_files();  // results/verdicts/*.json
std::vector<std::string_view> pair_files();     // results/verdicts/claims/*-pairs.json

}  // namespace hasten::cli::embedded
