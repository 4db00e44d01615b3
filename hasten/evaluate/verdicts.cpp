#include "hasten/evaluate/verdicts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten::evaluate {
namespace {

constexpr std::array<Verdict, 4> kVerdicts = {Verdict::kHelps, Verdict::kHurts, Verdict::kNoDifference,
                                              Verdict::kUnresolved};
constexpr std::array<Sum, 4> kSums = {Sum::kAddsUp, Sum::kLess, Sum::kMore, Sum::kUnresolved};
constexpr std::array<Direction, 2> kDirections = {Direction::kMaximize, Direction::kMinimize};

std::string_view name(Change change) { return change == Change::kAdded ? "added" : "left out"; }
constexpr std::array<Change, 2> kChanges = {Change::kAdded, Change::kLeftOut};

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

Span span_of(const stats::TTest& test) { return {test.difference, finite(test.low), finite(test.high)}; }
std::optional<Span> span_of(const Effect& effect, Cost cost) {
  const auto found = effect.ratios.find(cost);
  if (found == effect.ratios.end()) return std::nullopt;
  const stats::Ratio& ratio = found->second;
  if (!std::isfinite(ratio.value)) return std::nullopt;
  Span span{ratio.value, std::nullopt, std::nullopt};
  if (ratio.has_interval) span = {ratio.value, finite(ratio.low), finite(ratio.high)};
  return span;
}

std::vector<std::string> ids_of(const Comparison& comparison, const std::string& group) {
  std::vector<std::string> ids;
  for (const Group& each : comparison.groups) {
    if (each.name != group) continue;
    for (const size_t run : each.points[each.headline].runs) ids.push_back(comparison.runs[run].record.id);
  }
  return ids;
}

// One a message, with all of which it is said; errors first.
std::vector<VerdictLint> lints_of(const std::vector<LintResult>& results) {
  std::vector<VerdictLint> lints;
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kInfo}) {
    for (const LintResult& lint : results) {
      std::vector<std::pair<std::string, std::vector<std::string>>> said;
      for (const Hit& hit : lint.hits) {
        if (hit.severity != severity) continue;
        auto same = std::find_if(said.begin(), said.end(), [&](const auto& each) { return each.first == hit.message; });
        if (same == said.end()) {
          said.emplace_back(hit.message, std::vector<std::string>{});
          same = std::prev(said.end());
        }
        if (!hit.where.empty()) same->second.push_back(hit.where);
      }
      for (const auto& [message, of] : said) {
        const std::string whose = of.empty() ? "" : cat(" (", join(of, ", "), ")");
        lints.push_back({std::string(lint.id), std::string(name(severity)), cat(lint.name, ": ", message, whose)});
      }
    }
  }
  return lints;
}

Json maybe(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }
Json maybe(const std::optional<Span>& span) {
  if (!span) return nullptr;
  return {{"value", span->value}, {"low", maybe(span->low)}, {"high", maybe(span->high)}};
}

// Reading; a field of another type is a DataError with its name.
class Fields {
 public:
  Fields(const Json& json, std::string file, std::string where = "")
      : json_(json), file_(std::move(file)), where_(std::move(where)) {
    if (!json.is_object()) fail("an object is expected");
  }
  [[noreturn]] void fail(const std::string& message) const { throw DataError(file_, where_, message); }
  [[noreturn]] void fail(const char* key, const std::string& message) const {
    fail(cat("field '", key, "': ", message));
  }
  template <class T>
  void read(const char* key, T& value) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return;
    try {
      value = found->template get<T>();
    } catch (const Json::exception& error) {
      fail(key, error.what());
    }
  }
  void read(const char* key, std::optional<double>& value) const {
    double number = NAN;
    read(key, number);
    if (!std::isnan(number)) value = number;
  }
  void read(const char* key, std::optional<Span>& span) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return;
    const Fields inner(*found, file_, cat(where_, where_.empty() ? "" : ", ", key));
    span.emplace();
    inner.read("value", span->value);
    inner.read("low", span->low);
    inner.read("high", span->high);
  }
  template <class Enum, size_t n>
  void read(const char* key, Enum& value, const std::array<Enum, n>& known) const {
    std::string word;
    read(key, word);
    if (word.empty()) return;
    const auto found = std::find_if(known.begin(), known.end(), [&](Enum each) { return name(each) == word; });
    if (found == known.end()) fail(key, cat("'", word, "' is not known"));
    value = *found;
  }
  const Json* list(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) return nullptr;
    if (!found->is_array()) fail(key, "a list is expected");
    return &*found;
  }

 private:
  const Json& json_;
  std::string file_, where_;
};

Json to_json(const MethodVerdict& verdict) {
  Json json = {{"methods", verdict.methods},
               {"settings", verdict.settings},
               {"against", verdict.against.empty() ? "baseline" : verdict.against},
               {"change", name(verdict.change)},
               {"verdict", name(verdict.verdict)},
               {"reason", verdict.reason},
               {"runs", verdict.runs},
               {"diverged", verdict.diverged},
               {"failed", verdict.failed},
               {"effect", maybe(verdict.effect)},
               {"detectable", maybe(verdict.detectable)},
               {"adjusted_p", maybe(verdict.adjusted_p)},
               {"seconds", maybe(verdict.seconds)},
               {"total_seconds", maybe(verdict.total_seconds)},
               {"flops", maybe(verdict.flops)},
               {"run_ids", verdict.run_ids}};
  if (verdict.sum) {
    json["beyond_sum"] = maybe(verdict.beyond_sum);
    json["sum"] = name(*verdict.sum);
    json["sum_adjusted_p"] = maybe(verdict.sum_adjusted_p);
  }
  return json;
}

MethodVerdict verdict_from_json(const Json& json, const std::string& file, const std::string& where) {
  const Fields fields(json, file, where);
  MethodVerdict verdict;
  fields.read("methods", verdict.methods);
  fields.read("settings", verdict.settings);
  fields.read("against", verdict.against);
  if (verdict.against == "baseline") verdict.against.clear();
  fields.read("change", verdict.change, kChanges);
  fields.read("verdict", verdict.verdict, kVerdicts);
  fields.read("reason", verdict.reason);
  fields.read("runs", verdict.runs);
  fields.read("diverged", verdict.diverged);
  fields.read("failed", verdict.failed);
  fields.read("effect", verdict.effect);
  fields.read("detectable", verdict.detectable);
  fields.read("adjusted_p", verdict.adjusted_p);
  fields.read("seconds", verdict.seconds);
  fields.read("total_seconds", verdict.total_seconds);
  fields.read("flops", verdict.flops);
  fields.read("run_ids", verdict.run_ids);
  if (json.contains("sum")) {
    Sum sum = Sum::kUnresolved;
    fields.read("sum", sum, kSums);
    verdict.sum = sum;
    fields.read("beyond_sum", verdict.beyond_sum);
    fields.read("sum_adjusted_p", verdict.sum_adjusted_p);
  }
  if (verdict.methods.empty()) fields.fail("a verdict names its methods");
  return verdict;
}

}  // namespace

const MethodVerdict* VerdictFile::on(std::string_view method) const {
  const auto found = std::find_if(verdicts.begin(), verdicts.end(), [&](const MethodVerdict& verdict) {
    return verdict.against.empty() && verdict.methods.size() == 1 && verdict.methods.front() == method;
  });
  return found == verdicts.end() ? nullptr : &*found;
}

void fill_verdicts(VerdictFile& file, const Comparison& comparison, const Ablation& ablation) {
  file.workload = comparison.workload;
  file.metric = cat(comparison.metric.split, comparison.metric.split.empty() ? "" : "/", comparison.metric.name);
  if (const std::string tail = "/" + file.metric; file.workload.ends_with(tail))
    file.workload.resize(file.workload.size() - tail.size());
  file.direction = comparison.metric.direction;
  file.margin = ablation.options.margin;
  file.confidence = ablation.options.confidence;
  file.deviation = finite(ablation.deviation);
  file.baseline_ids = ids_of(comparison, comparison.baseline().name);
  if (ablation.baseline_quality) {
    file.baseline_mean = ablation.baseline_quality->mean;
    file.baseline_sd = ablation.baseline_quality->sd;
    file.baseline_values = ablation.baseline_quality->values;
  }
  if (!comparison.runs.empty()) {
    const RunRecord& first = comparison.runs[comparison.baseline().runs.front()].record;
    file.cpu = first.hardware.cpu;
    file.accelerator = first.hardware.accelerator;
    file.commit = first.software.commit;
    file.date = first.started_at;
  }
  for (const Effect& effect : ablation.effects) {
    MethodVerdict verdict;
    verdict.methods = effect.arm.methods;
    verdict.settings = effect.arm.settings;
    verdict.against = effect.arm.control;
    verdict.change = effect.arm.change;
    verdict.verdict = effect.verdict;
    verdict.reason = effect.reason;
    verdict.runs = effect.runs;
    verdict.diverged = effect.diverged;
    verdict.failed = effect.failed;
    if (effect.quality) verdict.effect = span_of(*effect.quality);
    verdict.detectable = effect.detectable;
    verdict.adjusted_p = effect.adjusted_p;
    verdict.seconds = span_of(effect, Cost::kTrainSeconds);
    verdict.total_seconds = span_of(effect, Cost::kTotalSeconds);
    verdict.flops = span_of(effect, Cost::kFlops);
    verdict.run_ids = ids_of(comparison, effect.arm.group);
    for (const Interaction& interaction : ablation.interactions) {
      if (interaction.arm.group != effect.arm.group) continue;
      verdict.sum = interaction.sum;
      verdict.sum_adjusted_p = interaction.adjusted_p;
      if (interaction.beyond_sum) verdict.beyond_sum = span_of(*interaction.beyond_sum);
    }
    file.verdicts.push_back(std::move(verdict));
  }
  file.lints = lints_of(comparison.lints);
}

Json to_json(const VerdictFile& file) {
  Json json = {{"version", file.version},
               {"workload", file.workload},
               {"metric", file.metric},
               {"direction", name(file.direction)},
               {"recipe", file.recipe},
               {"recipe_hash", file.recipe_hash},
               {"budget", file.budget},
               {"cpu", file.cpu},
               {"accelerator", file.accelerator},
               {"commit", file.commit},
               {"date", file.date},
               {"command", file.command},
               {"seeds", file.seeds},
               {"max_seeds", file.max_seeds},
               {"jobs", file.jobs},
               {"threads", file.threads},
               {"margin", file.margin},
               {"confidence", file.confidence},
               {"deviation", maybe(file.deviation)}};
  json["baseline"] = {{"mean", maybe(file.baseline_mean)},
                      {"sd", maybe(file.baseline_sd)},
                      {"values", file.baseline_values},
                      {"run_ids", file.baseline_ids}};
  json["verdicts"] = Json::array();
  for (const MethodVerdict& verdict : file.verdicts) json["verdicts"].push_back(to_json(verdict));
  json["not_applicable"] = Json::array();
  for (const MethodLeftAside& aside : file.not_applicable)
    json["not_applicable"].push_back({{"method", aside.method}, {"reason", aside.reason}});
  json["lints"] = Json::array();
  for (const VerdictLint& lint : file.lints)
    json["lints"].push_back({{"id", lint.id}, {"word", lint.word}, {"text", lint.text}});
  return json;
}

VerdictFile verdicts_from_json(const Json& json, const std::string& name) {
  const Fields fields(json, name);
  VerdictFile file;
  const int known = file.version;
  fields.read("version", file.version);
  if (file.version > known) {
    fields.fail(cat("version ", file.version, " is newer than this program, which reads up to ", known));
  }
  fields.read("workload", file.workload);
  fields.read("metric", file.metric);
  fields.read("direction", file.direction, kDirections);
  fields.read("recipe", file.recipe);
  fields.read("recipe_hash", file.recipe_hash);
  fields.read("budget", file.budget);
  fields.read("cpu", file.cpu);
  fields.read("accelerator", file.accelerator);
  fields.read("commit", file.commit);
  fields.read("date", file.date);
  fields.read("command", file.command);
  fields.read("seeds", file.seeds);
  fields.read("max_seeds", file.max_seeds);
  fields.read("jobs", file.jobs);
  fields.read("threads", file.threads);
  fields.read("margin", file.margin);
  fields.read("confidence", file.confidence);
  fields.read("deviation", file.deviation);
  if (json.contains("baseline")) {
    const Fields baseline(json.at("baseline"), name, "baseline");
    baseline.read("mean", file.baseline_mean);
    baseline.read("sd", file.baseline_sd);
    baseline.read("values", file.baseline_values);
    baseline.read("run_ids", file.baseline_ids);
  }
  if (const Json* verdicts = fields.list("verdicts")) {
    for (size_t i = 0; i < verdicts->size(); ++i)
      file.verdicts.push_back(verdict_from_json(verdicts->at(i), name, cat("verdict ", i + 1)));
  }
  if (const Json* aside = fields.list("not_applicable")) {
    for (const Json& each : *aside) {
      const Fields one(each, name, "not_applicable");
      file.not_applicable.emplace_back();
      one.read("method", file.not_applicable.back().method);
      one.read("reason", file.not_applicable.back().reason);
    }
  }
  if (const Json* lints = fields.list("lints")) {
    for (const Json& each : *lints) {
      const Fields one(each, name, "lints");
      VerdictLint lint;
      one.read("id", lint.id);
      one.read("word", lint.word);
      one.read("text", lint.text);
      if (!lint.text.empty()) file.lints.push_back(std::move(lint));  // `ablate --json` once listed the clean ones, too
    }
  }
  if (file.workload.empty()) fields.fail("no file of verdicts: it names no workload");
  return file;
}

}  // namespace hasten::evaluate
