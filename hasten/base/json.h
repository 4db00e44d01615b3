// JSON for small documents; keys keep their order, so files read the way they were written.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "hasten/base/json_fwd.h"

namespace hasten {

// Throws DataError with path and byte offset when the text is not JSON.
Json parse_json(std::string_view text, const std::filesystem::path& path);
Json read_json(const std::filesystem::path& path);

}  // namespace hasten
