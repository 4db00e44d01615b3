// What an hour of the machine and a unit of its energy cost, as a command line says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

// Reads "usd_per_hour=0.9,source=on-demand list price,date=2026-11-25", keys as in run.json (grams_co2_per_kwh and region
// beside them). A price without source and date says nothing a year later, so both are asked for. Throws ConfigError
// naming `where`.
Price parse_price(std::string_view text, std::string_view where);

// The same with "group=NAME" where groups of runs have prices of their own; "" is all of them.
struct GroupPrice {
  std::string group;
  Price price;
};
GroupPrice parse_group_price(std::string_view text, std::string_view where);

bool is_known(const Price& price);

// Of the whole run, preludes included; nothing where the price, the seconds or the joules are not known.
std::optional<double> usd(const RunRecord& record);
std::optional<double> grams_co2(const RunRecord& record);

}  // namespace hasten::evaluate
