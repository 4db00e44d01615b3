// Edits of a recipe's document from the command line.
#include "hasten/spec/recipe_edit.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

Json* find_method(Json& document, std::string_view name) {
  if (!document.contains("method") || !document["method"].is_array()) return nullptr;
  for (Json& entry : document["method"]) {
    if (entry.is_object() && entry.value("name", "") == name) return &entry;
  }
  return nullptr;
}

// "a=1, b=[1, 2]" cut at the commas that are outside brackets and quotes.
std::vector<std::string> split_arguments(std::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  bool quoted = false;
  std::string part;
  for (char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '[' || c == '{')) ++depth;
    if (!quoted && (c == ']' || c == '}')) --depth;
    if (c == ',' && depth == 0 && !quoted) {
      parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  if (!trim(part).empty()) parts.push_back(std::move(part));
  return parts;
}

void split_assignment(const std::string& text, const std::string& flag, std::string& key, Json& value) {
  size_t equals = text.find('=');
  if (equals == std::string::npos) throw ConfigError(flag, "key=value", "'" + text + "'");
  key = std::string(trim(std::string_view(text).substr(0, equals)));
  parse_toml_value(std::string(trim(std::string_view(text).substr(equals + 1))), flag + " " + key, value);
}

void add_method(Json& document, const std::string& text) {
  size_t paren = text.find('(');
  std::string name(trim(std::string_view(text).substr(0, paren)));
  if (name.empty() || (paren != std::string::npos && text.back() != ')')) {
    throw ConfigError("--with", "name or name(key=value, ...)", "'" + text + "'");
  }
  Json* entry = find_method(document, name);
  if (entry == nullptr) {
    Json& list = document["method"];
    list.push_back({{"name", name}});
    entry = &list.back();
  }
  if (paren == std::string::npos) return;
  for (const std::string& argument :
       split_arguments(std::string_view(text).substr(paren + 1, text.size() - paren - 2))) {
    std::string key;
    Json value;
    split_assignment(argument, "--with " + name, key, value);
    (*entry)[key] = value;
  }
}

void remove_method(Json& document, const std::string& name) {
  if (find_method(document, name) == nullptr) {
    std::vector<std::string> names;
    if (document.contains("method")) {
      for (const Json& entry : document["method"]) names.push_back(entry.value("name", ""));
    }
    throw ConfigError("--without", "a method of the recipe", "'" + name + "'", suggest(name, names));
  }
  Json& list = document["method"];
  list.erase(std::remove_if(list.begin(), list.end(), [&](const Json& e) { return e.value("name", "") == name; }),
             list.end());
}

void set_value(Json& document, const std::string& text) {
  std::string path;
  Json value;
  split_assignment(text, "--set", path, value);
  std::vector<std::string> keys = split(path, '.');
  Json* place = &document;
  size_t first = 0;
  if (keys.size() == 3 && keys[0] == "method") {
    place = find_method(document, keys[1]);
    if (place == nullptr) {
      throw ConfigError(path, "a method of the recipe", "'" + keys[1] + "'",
                        "it is added by --with " + keys[1] + ", or by [[method]] in the recipe");
    }
    first = 2;
  }
  for (size_t i = first; i + 1 < keys.size(); ++i) {
    place = &(*place)[keys[i]];
    if (!place->is_object() && !place->is_null()) throw ConfigError("--set", "the path of a setting", "'" + path + "'");
  }
  (*place)[keys.back()] = value;
}

}  // namespace

void apply_edits(Json& document, const RecipeEdits& edits) {
  for (const std::string& text : edits.with) add_method(document, text);
  for (const std::string& name : edits.without) remove_method(document, name);
  for (const std::string& text : edits.set) set_value(document, text);
}

}  // namespace hasten
