// JSON for small documents; keys keep their order, so files read the way they were written.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace hasten {

using Json = nlohmann::ordered_json;

// Throws DataError with path and byte offset when the text is not JSON.
Json parse_json(std::string_view text, const std::filesystem::path& path);
Json read_json(const std::filesystem::path& path);

}  // namespace hasten
