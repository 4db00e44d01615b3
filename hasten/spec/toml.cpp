// TOML through toml++ (its only user, since it is slow to compile).
#include "hasten/spec/toml.h"

#include <toml++/toml.h>
#include <sstream>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

void convert(const toml::node& node, const std::string& path, Json& out, TomlLines& lines);

std::string below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

// [[method]] entries are known by name, which is how errors speak of them.
std::string element_path(const std::string& path, const toml::node& element, size_t index) {
  if (const toml::table* table = element.as_table()) {
    if (auto name = table->get("name"); name != nullptr && name->is_string())
      return below(path, name->as_string()->get());
    return cat(path, "[", index, "]");
  }
  return path;
}

void convert_table(const toml::table& table, const std::string& path, Json& out, TomlLines& lines) {
  out = Json::object();
  // toml++ sorts keys; the order of the file is kept by line and column, for readable dumps.
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (auto&& [key, node] : table) entries.emplace_back(&key, &node);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first->source().begin < b.first->source().begin; });
  for (const auto& [key, node] : entries) {
    std::string place = below(path, key->str());
    lines[place] = static_cast<int>(key->source().begin.line);
    convert(*node, place, out[std::string(key->str())], lines);
  }
}

void convert(const toml::node& node, const std::string& path, Json& out, TomlLines& lines) {
  switch (node.type()) {
    case toml::node_type::table: return convert_table(*node.as_table(), path, out, lines);
    case toml::node_type::array: {
      out = Json::array();
      size_t index = 0;
      for (const toml::node& element : *node.as_array()) {
        std::string place = element_path(path, element, index++);
        if (element.is_table()) lines[place] = static_cast<int>(element.source().begin.line);
        Json value;
        convert(element, place, value, lines);
        out.push_back(std::move(value));
      }
      return;
    }
    case toml::node_type::string: out = node.as_string()->get(); return;
    case toml::node_type::integer: out = node.as_integer()->get(); return;
    case toml::node_type::floating_point: out = node.as_floating_point()->get(); return;
    case toml::node_type::boolean: out = node.as_boolean()->get(); return;
    default: throw ConfigError(path, "a text, number, truth value, list or table", "a date or time");
  }
}

}  // namespace

void parse_toml(const std::string& text, const std::string& source, Json& out, TomlLines& lines) {
  try {
    toml::table table = toml::parse(text, source);
    convert(table, "", out, lines);
  } catch (const toml::parse_error& error) {
    throw ConfigError("recipe", "valid TOML", std::string(error.description()), "see https://toml.io for the format")
        .at(cat(source, ":", error.source().begin.line));
  }
}

void parse_toml_value(const std::string& text, const std::string& where, Json& out) {
  TomlLines unused;
  Json document;
  try {
    parse_toml("value = " + text, where, document, unused);
  } catch (const ConfigError&) {
    // A bare word such as `bf16` or `3ep`: quoting in a shell is tedious, and nothing else is written like this.
    if (text.find_first_of("[]{}\"'\n") != std::string::npos)
      throw ConfigError(where, "a value as in TOML", "'" + text + "'");
    out = text;
    return;
  }
  out = document["value"];
}

}  // namespace hasten
