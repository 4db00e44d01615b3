// L41: a price without date or source.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint price_undated() {
  return {"L41",
          "price-or-carbon-undated",
          Severity::kInfo,
          "Prices and grids change: joules and seconds stay, dollars and grams need a date.",
          "DAWNBench FAQ; PR #92 there",
          [](const LintInput& input, Check& out) {
            std::set<std::string> hits;
            for (const Run& run : input.comparison.runs) {
              const Price& price = run.record.price;
              if (!price.usd_per_hour && !price.grams_co2_per_kwh) continue;
              if (price.date.empty()) hits.insert(run.record.group + ": no date");
              if (price.source.empty()) hits.insert(run.record.group + ": no source");
            }
            for (const std::string& hit : hits) out.fire("", "price or carbon of " + hit);
            if (input.claim && input.claim->price_usd &&
                (input.claim->price_date.empty() || input.claim->price_source.empty())) {
              out.fire("", "the claim's price has no date or source");
            }
            if (input.claim && input.claim->cost == Cost::kUsd && hits.empty()) {
              bool priced = false;
              for (const Run& run : input.comparison.runs) priced = priced || run.record.price.usd_per_hour;
              if (!priced) out.missing("price.usd_per_hour");
            }
          }};
}

}  // namespace hasten::evaluate::lints
