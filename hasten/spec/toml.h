// TOML as JSON values, with the line of every key.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "hasten/base/json_fwd.h"

namespace hasten {

// Lines by dotted path: "method.ema.half_life" -> 12. Elements of [[method]] go by their `name`, of other arrays of
// tables by index.
using TomlLines = std::map<std::string, int>;

// Parses `text`; throws ConfigError naming `where` ("recipe", "--space") at `source`:line when it is not TOML.
void parse_toml(const std::string& text, const std::string& where, const std::string& source, Json& out,
                TomlLines& lines);
// Reads one value: "0.5", "true", "\"3ep\"", "[1, 2]"; a bare word counts as text.
void parse_toml_value(const std::string& text, const std::string& where, Json& out);

// A document as TOML that reads back as the same: keys first, then [tables] and [[lists of tables]], in their order. No nulls.
std::string toml_text(const Json& document);

}  // namespace hasten
