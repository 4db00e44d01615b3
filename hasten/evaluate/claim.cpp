// Claim files: [[claim]] tables in TOML.
#include "hasten/evaluate/claim.h"

#include <cmath>
#include <functional>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/claim_file.h"
#include "hasten/spec/toml.h"

namespace hasten::evaluate {
namespace {

// One key of a claim: what it expects, and where it goes. Throws std::string with the expectation when a value does not fit.
using Take = std::function<void(Claim&, const Json&)>;

std::string text_value(const Json& json) {
  if (!json.is_string()) throw std::string("text");
  return json.get<std::string>();
}

double number_value(const Json& json, const char* expected = "a number") {
  if (!json.is_number()) throw std::string(expected);
  return json.get<double>();
}

bool flag_value(const Json& json) {
  if (!json.is_boolean()) throw std::string("true or false");
  return json.get<bool>();
}

double positive(const Json& json) {
  double value = number_value(json, "a number above 0");
  if (!(value > 0)) throw std::string("a number above 0");
  return value;
}

double share(const Json& json) {
  double value = number_value(json, "a number between 0 and 1");
  if (!(value > 0 && value < 1)) throw std::string("a number between 0 and 1");
  return value;
}

const std::map<std::string, Take>& keys() {
  static const std::map<std::string, Take> keys{
      {"id", [](Claim& c, const Json& j) { c.id = text_value(j); }},
      {"statement", [](Claim& c, const Json& j) { c.statement = text_value(j); }},
      {"workload", [](Claim& c, const Json& j) { c.workload = text_value(j); }},
      {"metric", [](Claim& c, const Json& j) { c.metric = text_value(j); }},
      {"baseline", [](Claim& c, const Json& j) { c.baseline = text_value(j); }},
      {"method", [](Claim& c, const Json& j) { c.method = text_value(j); }},
      {"target", [](Claim& c, const Json& j) { c.target = number_value(j); }},
      {"cost",
       [](Claim& c, const Json& j) {
         c.cost = parse_cost(text_value(j), "claim.cost");
         c.says_cost = true;
       }},
      // "1.4x" is the factor 1.4; "28% less time" is the reduction 0.28 and the factor 1 / 0.72.
      {"speedup", [](Claim& c, const Json& j) { c.speedup = positive(j); }},
      {"reduction", [](Claim& c, const Json& j) { c.speedup = 1 / (1 - share(j)); }},
      {"quality", [](Claim& c, const Json& j) { c.quality = number_value(j); }},
      {"hardware", [](Claim& c, const Json& j) { c.hardware = text_value(j); }},
      {"declared_at", [](Claim& c, const Json& j) { c.declared_at = text_value(j); }},
      {"alpha", [](Claim& c, const Json& j) { c.alpha = share(j); }},
      {"price_usd", [](Claim& c, const Json& j) { c.price_usd = positive(j); }},
      {"price_source", [](Claim& c, const Json& j) { c.price_source = text_value(j); }},
      {"price_date", [](Claim& c, const Json& j) { c.price_date = text_value(j); }},
      {"hypotheses",
       [](Claim& c, const Json& j) {
         double value = positive(j);
         if (value != std::floor(value) || value > 1e9) throw std::string("a whole number above 0");
         c.hypotheses = static_cast<int64_t>(value);
       }},
      {"corrected", [](Claim& c, const Json& j) { c.corrected = flag_value(j); }},
      {"neutral", [](Claim& c, const Json& j) { c.neutral = flag_value(j); }},
      {"tuning_included", [](Claim& c, const Json& j) { c.tuning_included = flag_value(j); }}};
  return keys;
}

}  // namespace

std::vector<Claim> read_claims(const std::filesystem::path& path) {
  Json json;
  TomlLines lines;
  parse_toml(read_file(path), "claim", path.string(), json, lines);
  auto placed = [&](ConfigError error, const std::string& place) {
    auto line = lines.find(place);
    return line == lines.end() ? error.at(path.string()) : error.at(cat(path.string(), ":", line->second));
  };
  std::vector<std::string> known;
  for (const auto& [key, take] : keys()) known.push_back(key);
  for (const auto& [key, value] : json.items()) {
    if (key != "claim")
      throw placed(ConfigError(key, "[[claim]] tables only", value.is_object() ? "a table" : value.dump()), key);
  }
  if (!json.contains("claim")) throw ConfigError("claim", "at least one [[claim]]", "none").at(path.string());
  const Json list = json["claim"].is_array() ? json["claim"] : Json::array({json["claim"]});
  std::vector<Claim> claims;
  for (size_t i = 0; i < list.size(); ++i) {
    std::string prefix = json["claim"].is_array() ? cat("claim[", i, "]") : "claim";
    if (!list[i].is_object()) throw ConfigError(prefix, "a table", list[i].dump()).at(path.string());
    Claim claim;
    claim.id = prefix;
    for (const auto& [key, value] : list[i].items()) {
      auto found = keys().find(key);
      std::string place = prefix + "." + key;
      if (found == keys().end())
        throw placed(ConfigError(place, "a key of a claim", "'" + key + "'", suggest(key, known)), place);
      try {
        found->second(claim, value);
      } catch (const std::string& expected) {
        throw placed(ConfigError(place, expected, value.dump()), place);
      } catch (const ConfigError& error) {
        throw placed(error, place);
      }
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace hasten::evaluate
