// Reading metrics.
#include "hasten/spec/metric.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

std::string Metric::name() const { return std::string(name_of(split)) + "/" + std::string(name_of(measure)); }

Metric parse_metric(std::string_view text, const std::string& where) {
  std::vector<std::string> known;
  for (Split split : {Split::kTest, Split::kValidation, Split::kTrain}) {
    for (Measure measure : {Measure::kAccuracy, Measure::kLoss}) {
      Metric metric{split, measure};
      if (metric.name() == text) return metric;
      known.push_back(metric.name());
    }
  }
  throw ConfigError(where, "a metric written split/measure", "'" + std::string(text) + "'", suggest(text, known));
}

}  // namespace hasten
