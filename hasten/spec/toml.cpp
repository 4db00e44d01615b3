// TOML through toml++ (its only user, since it is slow to compile).
#include "hasten/spec/toml.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cctype>
#include <sstream>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

void convert(const toml::node& node, const std::string& path, Json& out, TomlLines& lines);

// Floats keep a point or an exponent, or they would read back as integers.
std::string number_token(double value) {
  std::string text = number(value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

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

std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return bare ? key : Json(key).dump();
}

std::string inline_toml(const Json& value) {
  if (!value.is_structured()) return value.is_number_float() ? number_token(value.get<double>()) : value.dump();
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const Json& element : value) parts.push_back(inline_toml(element));
    return "[" + join(parts, ", ") + "]";
  }
  for (const auto& [key, element] : value.items()) parts.push_back(toml_key(key) + " = " + inline_toml(element));
  return "{" + join(parts, ", ") + "}";
}

bool is_table_list(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& element) { return element.is_object(); });
}

// Tables of plain values stand in one line below the second level: {low = 1e-3, high = 1.0}.
void write_table(const Json& table, const std::string& path, int depth, std::string& out) {
  auto has_header = [&](const Json& value) { return is_table_list(value) || (value.is_object() && depth < 2); };
  for (const auto& [key, value] : table.items()) {
    if (!has_header(value)) out += toml_key(key) + " = " + inline_toml(value) + "\n";
  }
  for (const auto& [key, value] : table.items()) {
    if (!has_header(value)) continue;
    const std::string place = below(path, toml_key(key));
    if (value.is_object()) {
      out += "\n[" + place + "]\n";
      write_table(value, place, depth + 1, out);
      continue;
    }
    for (const Json& element : value) {
      out += "\n[[" + place + "]]\n";
      write_table(element, place, depth + 1, out);
    }
  }
}

}  // namespace

std::string toml_text(const Json& document) {
  std::string out;
  write_table(document, "", 0, out);
  return out;
}

void parse_toml(const std::string& text, const std::string& where, const std::string& source, Json& out,
                TomlLines& lines) {
  try {
    toml::table table = toml::parse(text, source);
    convert(table, "", out, lines);
  } catch (const toml::parse_error& error) {
    throw ConfigError(where, "valid TOML", std::string(error.description()), "see https://toml.io for the format")
        .at(cat(source, ":", error.source().begin.line));
  }
}

void parse_toml_value(const std::string& text, const std::string& where, Json& out) {
  TomlLines unused;
  Json document;
  try {
    parse_toml("value = " + text, where, where, document, unused);
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
