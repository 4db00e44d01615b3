// Prices of machines and energy.
#include "hasten/evaluate/price.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"

namespace hasten::evaluate {
namespace {

constexpr const char* kHint = "for example 'usd_per_hour=0.9,source=on-demand list price,date=2026-11-25'";
constexpr double kJoulesPerKwh = 3.6e6;

double read_amount(const std::string& key, std::string_view text, std::string_view where) {
  double value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    throw ConfigError(std::string(where), key + " as a number that is not negative", "'" + std::string(text) + "'",
                      kHint);
  }
  return value;
}

// "2026-11-25", a day that there is.
bool is_day(std::string_view text) {
  auto part = [&](size_t at, size_t count) {
    int value = -1;
    std::string_view digits = text.substr(at, count);
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return code == std::errc() && end == digits.data() + digits.size() ? value : -1;
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int year = part(0, 4), month = part(5, 2), day = part(8, 2);
  return year >= 0 && month >= 0 && day >= 0 &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

// Whether it is nowhere on Earth that day yet; where it comes first, fourteen hours before UTC has it.
bool is_to_come(std::string_view day) {
  constexpr int64_t kFirstZone = 14 * 3600;
  return day > std::string_view(utc_text(static_cast<int64_t>(std::time(nullptr)) + kFirstZone)).substr(0, day.size());
}

// `group` null: there are none.
Price read_price(std::string_view text, std::string_view where, std::string* group) {
  std::vector<std::string> keys{"usd_per_hour", "grams_co2_per_kwh", "source", "date", "region"};
  if (group != nullptr) keys.emplace_back("group");
  Price price;
  std::set<std::string> seen;
  for (const std::string& item : split(text, ',')) {
    const size_t equals = item.find('=');
    const std::string key(trim(item.substr(0, equals)));
    const std::string value(equals == std::string::npos ? "" : trim(std::string_view(item).substr(equals + 1)));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      throw ConfigError(std::string(where), "key=value with the keys " + join(keys, ", ") + ", separated by commas",
                        "'" + item + "'", equals == std::string::npos ? kHint : suggest(key, keys));
    }
    if (value.empty()) throw ConfigError(std::string(where), "a value behind " + key + "=", "nothing", kHint);
    if (!seen.insert(key).second) throw ConfigError(std::string(where), "each key once", key + " twice");
    if (key == "usd_per_hour") price.usd_per_hour = read_amount(key, value, where);
    if (key == "grams_co2_per_kwh") price.grams_co2_per_kwh = read_amount(key, value, where);
    if (key == "source") price.source = value;
    if (key == "region") price.region = value;
    if (key == "group") *group = value;
    if (key != "date") continue;
    if (!is_day(value)) throw ConfigError(std::string(where), "a date such as 2026-11-25", "'" + value + "'");
    if (is_to_come(value))
      throw ConfigError(std::string(where), "the day when the price held", "'" + value + "', which is to come");
    price.date = value;
  }
  if (!is_known(price)) throw ConfigError(std::string(where), "usd_per_hour or grams_co2_per_kwh", "neither", kHint);
  for (const char* key : {"source", "date"}) {
    if (seen.contains(key)) continue;
    throw ConfigError(std::string(where), std::string("a ") + key + ": prices and grids change", "none", kHint);
  }
  return price;
}

}  // namespace

Price parse_price(std::string_view text, std::string_view where) { return read_price(text, where, nullptr); }

GroupPrice parse_group_price(std::string_view text, std::string_view where) {
  GroupPrice of_group;
  of_group.price = read_price(text, where, &of_group.group);
  return of_group;
}

bool is_known(const Price& price) { return price.usd_per_hour || price.grams_co2_per_kwh; }

std::optional<double> usd(const RunRecord& record) {
  Run run;
  run.record = record;
  return run_cost(run, Cost::kUsd);
}

std::optional<double> grams_co2(const RunRecord& record) {
  Run run;
  run.record = record;
  const std::optional<double> joules = run_cost(run, Cost::kJoules);
  if (!joules || !record.price.grams_co2_per_kwh) return std::nullopt;
  return *joules / kJoulesPerKwh * *record.price.grams_co2_per_kwh;
}

}  // namespace hasten::evaluate
