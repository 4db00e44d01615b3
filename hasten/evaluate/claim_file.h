// Reading claims from a TOML file.
#pragma once

#include <filesystem>
#include <vector>

#include "hasten/evaluate/claim.h"

namespace hasten::evaluate {

// Throws ConfigError with file and line for an unknown key or a value that does not fit.
std::vector<Claim> read_claims(const std::filesystem::path& path);

}  // namespace hasten::evaluate
