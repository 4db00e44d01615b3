// Typed parameters: reading with errors that name the field, what it expects and a hint.
#include "hasten/spec/params.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

std::string got(const Json& json) { return json.is_string() ? "'" + json.get<std::string>() + "'" : json.dump(); }

// The same article for the same thing everywhere: "an integer >= 1", "a number in [0, 1)".
std::string expected_number(const FieldInfo& info, bool integer) {
  std::string text = info.range.text();
  if (integer) text = "an integer" + text.substr(std::string_view("a number").size());
  return text + (info.unit.empty() ? "" : " (" + info.unit + ")");
}

double read_number(const Json& json, const FieldInfo& info, const std::string& where, bool integer) {
  bool fits = integer ? json.is_number_integer() : json.is_number();
  if (!fits) throw ConfigError(where, expected_number(info, integer), got(json), info.help);
  double value = json.get<double>();
  if (!std::isfinite(value) || !info.range.contains(value)) {
    throw ConfigError(where, expected_number(info, integer), got(json), info.help);
  }
  return value;
}

}  // namespace

bool Range::contains(double value) const {
  return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
}

std::string Range::text() const {
  bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (!has_low && !has_high) return "a number";
  if (!has_high) return "a number " + std::string(low_open ? "> " : ">= ") + number(low);
  if (!has_low) return "a number " + std::string(high_open ? "< " : "<= ") + number(high);
  return cat("a number in ", low_open ? '(' : '[', number(low), ", ", number(high), high_open ? ')' : ']');
}

const FieldInfo* ParamTable::find(std::string_view name) const {
  for (const FieldInfo& info : fields_) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

ParamSet ParamTable::defaults() const { return ParamSet(this, make()); }

ParamSet ParamTable::parse(const Json& object, const std::string& where, const std::vector<std::string>& skip) const {
  if (!object.is_object()) throw ConfigError(where, "a table of settings", got(object));
  ParamSet set = defaults();
  for (const auto& [key, value] : object.items()) {
    if (std::find(skip.begin(), skip.end(), key) != skip.end()) continue;
    set.set(key, value, where);
  }
  return set;
}

Json ParamSet::get(std::string_view name) const {
  Json out;
  for (size_t i = 0; i < table_->fields_.size(); ++i) {
    if (table_->fields_[i].name == name) table_->get(value_, i, out);
  }
  return out;
}

void ParamSet::set(std::string_view name, const Json& value, const std::string& where) {
  std::vector<std::string> names;
  for (size_t i = 0; i < table_->fields_.size(); ++i) {
    if (table_->fields_[i].name == name) return table_->assign(value_, i, value, where + "." + std::string(name));
    names.push_back(table_->fields_[i].name);
  }
  throw ConfigError(where + "." + std::string(name), names.empty() ? "no settings here" : "a known setting",
                    "'" + std::string(name) + "'", suggest(name, names));
}

Json ParamSet::to_json() const {
  Json out = Json::object();
  if (table_ == nullptr) return out;
  for (size_t i = 0; i < table_->fields_.size(); ++i) table_->get(value_, i, out[table_->fields_[i].name]);
  return out;
}

void ParamSet::resolve_schedules(const RunLength& length, const std::string& where) {
  if (table_ == nullptr) return;
  std::pair<const RunLength&, const std::string&> context{length, where};
  table_->visit_schedules(
      value_,
      [](void* raw, const FieldInfo& info, Schedule& schedule) {
        auto& [run, place] = *static_cast<std::pair<const RunLength&, const std::string&>*>(raw);
        schedule.resolve(run, place + "." + info.name);
      },
      &context);
}

bool ParamSet::operator==(const ParamSet& other) const {
  return table_ == other.table_ && to_json() == other.to_json();
}

namespace params_detail {

void assign(bool& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_boolean()) throw ConfigError(where, "true or false", got(json), info.help);
  out = json.get<bool>();
}

void assign(int64_t& out, const Json& json, const FieldInfo& info, const std::string& where) {
  out = static_cast<int64_t>(read_number(json, info, where, true));
}

void assign(double& out, const Json& json, const FieldInfo& info, const std::string& where) {
  out = read_number(json, info, where, false);
}

void assign(std::string& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_string()) throw ConfigError(where, "a text in quotes", got(json), info.help);
  out = json.get<std::string>();
}

void assign(Duration& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_string())
    throw ConfigError(where, "a duration in quotes such as \"3ep\" or \"0.4dur\"", got(json), info.help);
  out = parse_duration(json.get<std::string>(), where);
  if (!info.range.contains(out.value)) throw ConfigError(where, info.range.text(), got(json), info.help);
}

void assign(Schedule& out, const Json& json, const FieldInfo& info, const std::string& where) {
  out = Schedule::parse(json, where);
  for (double value : out.values()) {
    if (!info.range.contains(value)) throw ConfigError(where, info.range.text(), number(value), info.help);
  }
}

void assign(std::vector<int64_t>& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_array()) throw ConfigError(where, "a list of integers", got(json), info.help);
  out.clear();
  for (size_t i = 0; i < json.size(); ++i) {
    out.push_back(static_cast<int64_t>(read_number(json[i], info, cat(where, "[", i, "]"), true)));
  }
}

void assign(std::vector<double>& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_array()) throw ConfigError(where, "a list of numbers", got(json), info.help);
  out.clear();
  for (size_t i = 0; i < json.size(); ++i) out.push_back(read_number(json[i], info, cat(where, "[", i, "]"), false));
}

void assign(std::vector<std::string>& out, const Json& json, const FieldInfo& info, const std::string& where) {
  if (!json.is_array()) throw ConfigError(where, "a list of texts in quotes", got(json), info.help);
  out.clear();
  for (size_t i = 0; i < json.size(); ++i) assign(out.emplace_back(), json[i], info, cat(where, "[", i, "]"));
}

size_t choice_index(const Json& json, const FieldInfo& info, const std::string& where) {
  std::string word = json.is_string() ? json.get<std::string>() : "";
  for (size_t i = 0; i < info.choices.size(); ++i) {
    if (info.choices[i] == word) return i;
  }
  throw ConfigError(where, ordinal_list(info.choices, "or"), got(json),
                    word.empty() ? info.help : suggest(word, info.choices));
}

void store(Json& out, bool value) { out = value; }
void store(Json& out, int64_t value) { out = value; }
void store(Json& out, double value) { out = value; }
void store(Json& out, const std::string& value) { out = value; }
void store(Json& out, const Duration& value) { out = to_string(value); }
void store(Json& out, const Schedule& value) { out = value.to_json(); }
void store(Json& out, const std::vector<int64_t>& value) { out = value; }
void store(Json& out, const std::vector<double>& value) { out = value; }
void store(Json& out, const std::vector<std::string>& value) { out = value; }

}  // namespace params_detail
}  // namespace hasten
