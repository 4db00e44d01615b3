// DAWNBench entries: <name>.json and <name>.tsv side by side.
#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/importers.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

bool is_entry(const fs::path& path) {
  if (path.extension() != ".tsv") return false;
  fs::path json = path;
  std::error_code code;
  return fs::exists(json.replace_extension(".json"), code);
}

std::string text_of(const Json& json, const char* key, RunRecord& record) {
  auto found = json.find(key);
  if (found != json.end() && found->is_string()) return found->get<std::string>();
  record.not_found.emplace_back(key);
  return "";
}

// The measure that the benchmark counts, and its threshold: its own rules.
struct Measure {
  const char* column;
  double threshold;
  const char* split;
};
constexpr Measure kMeasures[] = {
    {"top5Accuracy", 93.0, "validation"}, {"f1Score", 0.73, "validation"}, {"top1Accuracy", 94.0, "test"}};

void read_entry(const fs::path& tsv, const std::string& id, const ImportOptions& options, RunSink& sink) {
  RunRecord record;
  fs::path json_path = tsv;
  json_path.replace_extension(".json");
  std::string bytes = read_file(json_path);
  if (bytes.rfind("\xEF\xBB\xBF", 0) == 0) bytes.erase(0, 3);
  Json json = parse_json(bytes, json_path);
  if (!json.is_object()) throw DataError(json_path.string(), "", "expected an object");
  record.id = id;
  record.group = tsv.stem().string();
  record.source = "dawnbench: " + tsv.string();
  fs::path task = fs::absolute(tsv).parent_path();
  record.workload = task.filename() == "train" ? task.parent_path().filename().string() : task.filename().string();
  record.hardware.accelerator = text_of(json, "hardware", record);
  record.software.framework = text_of(json, "framework", record);
  record.recipe_json = Json{{"model", text_of(json, "model", record)}}.dump();
  record.started_at = text_of(json, "timestamp", record);
  record.software.commit =
      json.contains("commitHash") && json["commitHash"].is_string() ? json["commitHash"].get<std::string>() : "";
  if (json.contains("costPerHour") && json["costPerHour"].is_number()) {
    record.price.usd_per_hour = json["costPerHour"].get<double>();
    record.price.source = "the entry";
    record.price.date = record.started_at;
  }
  record.clocks.eval = false;
  record.clocks.checkpoint = false;
  record.time_to_target = "first";  // the benchmark's rule
  record.not_found.emplace_back("seed");
  record.status = Status::kOk;
  CsvReader csv(tsv, '\t');
  auto hours = csv.column("hours"), epoch = csv.column("epoch");
  if (!hours) throw DataError(tsv.string(), "line 1", "no column hours");
  std::vector<std::pair<size_t, std::string>> metrics;
  for (size_t c = 0; c < csv.header().size(); ++c) {
    if (c != *hours && (!epoch || c != *epoch) && !csv.header()[c].empty()) metrics.emplace_back(c, csv.header()[c]);
  }
  for (const Measure& measure : kMeasures) {
    auto found =
        std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.second == measure.column; });
    if (found == metrics.end()) continue;
    record.metric.name = measure.column;
    record.metric.split = measure.split;
    record.metric.target = measure.threshold;
    break;
  }
  apply(options, record);
  size_t run = sink.begin();
  std::vector<std::string_view> cells;
  while (csv.next(cells)) {
    EventRecord event;
    auto at = parse_number(cells[*hours]);
    if (at) event.t_train = *at * 3600;
    if (epoch) event.epoch = parse_number(cells[*epoch]);
    for (const auto& [column, name] : metrics) {
      if (auto value = parse_number(cells[column])) event.metrics.push_back({name, record.metric.split, *value, "raw"});
    }
    if (event.t_train) record.executed.train_s = event.t_train;
    if (event.epoch) record.executed.epochs = event.epoch;
    sink.event(run, std::move(event));
  }
  sink.end(run, std::move(record));
}

}  // namespace

Importer dawnbench_importer() {
  return {"dawnbench", "entries <name>.json with <name>.tsv (epoch, hours, accuracy)",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_entry(path);
            return !files_below(path, is_entry).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            Paths files = files_below(paths, is_entry, "DAWNBench entries (<name>.json with <name>.tsv)");
            for (const auto& [file, id] : names_of_files(files)) read_entry(file, id, options, sink);
          }};
}

}  // namespace hasten::evaluate
