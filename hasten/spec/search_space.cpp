// Search spaces: reading, values at places, and what a value's place is.
#include "hasten/spec/search_space.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/base/units.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

constexpr int kDigits = 4;  // of values that are drawn: finer differences are noise, and people read them

std::string space_value_text(const Json& json) {
  return json.is_string() ? "'" + json.get<std::string>() + "'" : json.dump();
}

bool is_range(const Json& json) {
  return json.is_object() && std::any_of(json.items().begin(), json.items().end(), [](const auto& item) {
           return !item.value().is_object() &&
                  (item.key() == "low" || item.key() == "high" || item.key() == "choices" || item.key() == "scale");
         });
}

// A number, or a duration, whose unit goes to `unit`.
double read_end(const Json& table, const std::string& path, const char* key, std::string& unit) {
  const std::string where = path + "." + key;
  if (!table.contains(key)) {
    throw ConfigError(where, "both ends of the range", "nothing", "{low = 1e-3, high = 1.0, scale = \"log\"}");
  }
  const Json& value = table[key];
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) throw ConfigError(where, "a number, or a duration such as \"2ep\"", space_value_text(value));
  try {
    const Duration duration = parse_duration(value.get<std::string>(), where);
    unit = unit_name(duration.unit);
    return duration.value;
  } catch (const ConfigError& error) {  // whether the setting is a duration is not known here
    throw ConfigError(where, "a number, or " + error.expected(), error.got(), error.hint());
  }
}

void read_choices(const Json& table, SearchDimension& dimension) {
  const std::string where = dimension.path + ".choices";
  if (table.size() > 1) {
    throw ConfigError(dimension.path, "choices, or low and high", "both", "leave out one of them");
  }
  const Json& list = table["choices"];
  if (!list.is_array() || list.size() < 2) {
    throw ConfigError(where, "a list of two or more values", space_value_text(list), "{choices = [64, 128, 256]}");
  }
  for (const Json& value : list) {
    std::string text = value.dump();
    if (std::find(dimension.choices.begin(), dimension.choices.end(), text) != dimension.choices.end()) {
      throw ConfigError(where, "each value once", text + " twice");
    }
    dimension.choices.push_back(std::move(text));
  }
}

SearchDimension read_dimension(const Json& table, const std::string& path) {
  SearchDimension out;
  out.path = path;
  const std::vector<std::string> known{"low", "high", "scale", "choices"};
  for (const auto& [key, value] : table.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw ConfigError(path + "." + key, "low, high and scale, or choices", "'" + key + "'", suggest(key, known));
  }
  if (table.contains("choices")) {
    read_choices(table, out);
    return out;
  }
  std::string high_unit;
  out.low = read_end(table, path, "low", out.unit);
  out.high = read_end(table, path, "high", high_unit);
  if (out.unit != high_unit) {
    throw ConfigError(path, "ends in one unit",
                      space_value_text(table["low"]) + " and " + space_value_text(table["high"]));
  }
  if (!std::isfinite(out.low) || !std::isfinite(out.high) || !(out.low < out.high)) {
    throw ConfigError(path, "low below high", number(out.low) + " and " + number(out.high));
  }
  if (table.contains("scale")) {
    if (table["scale"] != "log" && table["scale"] != "linear")
      throw ConfigError(path + ".scale", "\"linear\" or \"log\"", space_value_text(table["scale"]));
    out.log = table["scale"] == "log";
  }
  if (out.log && !(out.low > 0)) {
    throw ConfigError(path + ".low", "a number > 0, since the scale is logarithmic", number(out.low),
                      "a log range has no zero: begin at a small value, or use scale = \"linear\"");
  }
  return out;
}

void collect_dimensions(const Json& json, const std::string& path, SearchSpace& out) {
  if (is_range(json)) {
    out.push_back(read_dimension(json, path));
    return;
  }
  if (!json.is_object() || json.empty()) {
    throw ConfigError(path, "a range such as {low = 1e-3, high = 1.0, scale = \"log\"} or {choices = [64, 128]}",
                      space_value_text(json), "a setting that is not searched belongs into the recipe, or --set");
  }
  for (const auto& [key, value] : json.items()) collect_dimensions(value, path.empty() ? key : path + "." + key, out);
}

double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, kDigits - 1 - std::floor(std::log10(std::abs(value))));
  // Through text, so that 0.1 is 0.1 and not a neighbour of it.
  return std::stod(cat(std::round(value * scale) / scale));
}

}  // namespace

SearchSpace space_from_json(const Json& table) {
  SearchSpace space;
  collect_dimensions(table, "", space);
  return space;
}

Json space_to_json(const SearchSpace& space) {
  Json json = Json::object();
  for (const SearchDimension& dimension : space) {
    Json& entry = json[dimension.path];
    for (const std::string& choice : dimension.choices) entry["choices"].push_back(Json::parse(choice));
    if (!dimension.choices.empty()) continue;
    entry["low"] = Json::parse(value_text(dimension, dimension.low));
    entry["high"] = Json::parse(value_text(dimension, dimension.high));
    if (dimension.log) entry["scale"] = "log";
  }
  return json;
}

std::string value_text(const SearchDimension& dimension, double value) {
  return dimension.unit.empty() ? number(value) : "\"" + number(value) + dimension.unit + "\"";
}

std::string value_at(const SearchDimension& dimension, double place) {
  if (!dimension.choices.empty()) {
    const auto count = static_cast<double>(dimension.choices.size());
    return dimension.choices[static_cast<size_t>(std::min(place * count, count - 1))];
  }
  // An integer has the cell of width 1 around it, so that both ends are as likely as the others.
  const double reach = dimension.integer ? 0.5 : 0;
  const double low = dimension.low - reach, high = dimension.high + reach;
  double value = dimension.log ? low * std::pow(high / low, place) : low + (high - low) * place;
  value = dimension.integer ? std::round(value) : rounded(value);
  return value_text(dimension, std::clamp(value, dimension.low, dimension.high));
}

std::optional<double> amount_of(const SearchDimension& dimension, const Json& value) {
  if (dimension.unit.empty()) return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  if (!value.is_string()) return std::nullopt;
  try {
    Duration duration = parse_duration(value.get<std::string>(), dimension.path);
    return unit_name(duration.unit) == dimension.unit ? std::optional(duration.value) : std::nullopt;
  } catch (const ConfigError&) {
    return std::nullopt;  // some other text
  }
}

bool contains(const SearchDimension& dimension, const Json& value) {
  if (!dimension.choices.empty()) {
    return std::any_of(dimension.choices.begin(), dimension.choices.end(),
                       [&](const std::string& choice) { return Json::parse(choice) == value; });
  }
  std::optional<double> amount = amount_of(dimension, value);
  return amount && *amount >= dimension.low && *amount <= dimension.high;
}

const Json* setting_at(const Json& recipe, const std::string& path) {
  const Json* at = &recipe;
  for (const std::string& key : split(path, '.')) {
    if (at->is_array()) {
      auto found = std::find_if(at->begin(), at->end(),
                                [&](const Json& entry) { return entry.is_object() && entry.value("name", "") == key; });
      if (found == at->end()) return nullptr;
      at = &*found;
      continue;
    }
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &(*at)[key];
  }
  return at;
}

void fit_space(SearchSpace& space, const Json& recipe) {
  for (SearchDimension& dimension : space) {
    const Json* now = setting_at(recipe, dimension.path);
    if (now == nullptr || !dimension.choices.empty()) continue;
    dimension.integer = now->is_number_integer();
    if (dimension.unit.empty() && !now->is_number()) {
      throw ConfigError(dimension.path, "choices, since the setting is not a number", "a range",
                        "{choices = [" + now->dump() + ", ...]}");
    }
  }
}

SpaceFile::SpaceFile(const std::filesystem::path& path) : path_(path.string()) {
  if (!std::filesystem::is_regular_file(path)) {
    throw ConfigError("--space", "a file with ranges", "'" + path_ + "'",
                      "a line is: optimizer.lr = {low = 1e-3, high = 1.0, scale = \"log\"}; see docs/tuning.md");
  }
  Json document;
  parse_toml(read_file(path), "--space", path_, document, lines_);
  std::string name;
  try {
    if (document.contains("recipe") && document["recipe"].is_object()) {
      for (const auto& [key, table] : document["recipe"].items()) {
        name = key;
        own_[key] = space_from_json(table);
      }
      document.erase("recipe");
      name.clear();
    }
    if (!document.empty()) common_ = space_from_json(document);
  } catch (const ConfigError& error) {
    throw error.at(place_of(name, error.where()));
  }
}

std::vector<SearchSpace> SpaceFile::spaces(const std::vector<std::string>& names) const {
  for (const auto& [name, space] : own_) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw ConfigError("recipe." + name, "a recipe of this search", "'" + name + "'", suggest(name, names))
          .at(place_of("", "recipe." + name));
  }
  std::vector<SearchSpace> out;
  for (const std::string& name : names) {
    SearchSpace space = common_;
    if (auto own = own_.find(name); own != own_.end()) {
      for (const SearchDimension& dimension : own->second) {
        auto same = std::find_if(space.begin(), space.end(),
                                 [&](const SearchDimension& other) { return other.path == dimension.path; });
        if (same != space.end()) *same = dimension;
        else space.push_back(dimension);
      }
    }
    if (space.empty()) {
      throw ConfigError("recipe." + name, "a range or more to search", "none",
                        "lines above the first [recipe.NAME] are for all recipes")
          .at(path_);
    }
    out.push_back(std::move(space));
  }
  return out;
}

std::string SpaceFile::place_of(const std::string& name, const std::string& path) const {
  for (const std::string& prefix : {"recipe." + name + ".", std::string()}) {
    for (std::string at = path; !at.empty();
         at.resize(at.find_last_of('.') == std::string::npos ? 0 : at.find_last_of('.'))) {
      if (auto found = lines_.find(prefix + at); found != lines_.end()) return cat(path_, ":", found->second);
    }
  }
  return path_;
}

}  // namespace hasten
