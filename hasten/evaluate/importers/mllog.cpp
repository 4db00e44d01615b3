// MLPerf logs: lines ":::MLLOG {json}" between anything else.
#include <simdjson.h>

#include <cmath>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/line_reader.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/importers.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMark = ":::MLLOG";

struct MllogLine {
  double time_ms = 0;
  std::string key, text, status;
  std::optional<double> value, epoch, step, samples;
};

std::optional<double> number_in(simdjson::dom::object object, std::string_view key) {
  double value = 0;
  if (object[key].get(value) == simdjson::SUCCESS) return value;
  int64_t whole = 0;
  if (object[key].get(whole) == simdjson::SUCCESS) return static_cast<double>(whole);
  return std::nullopt;
}

MllogLine parse_line(simdjson::dom::parser& parser, std::string_view json, const LineReader& lines,
                     const std::string& path) {
  simdjson::dom::object object;
  // Copied: DOM parsing wants padding that a piece of a line has only by luck.
  if (parser.parse(json.data(), json.size(), true).get(object) != simdjson::SUCCESS) {
    throw DataError(path, cat("line ", lines.number()), "no JSON object after :::MLLOG");
  }
  MllogLine line;
  auto time = number_in(object, "time_ms");
  std::string_view text;
  if (!time || object["key"].get(text) != simdjson::SUCCESS) {
    throw DataError(path, cat("line ", lines.number()), "no time_ms and key");
  }
  line.time_ms = *time;
  line.key = std::string(text);
  line.value = number_in(object, "value");
  if (object["value"].get(text) == simdjson::SUCCESS) line.text = std::string(text);
  simdjson::dom::object metadata;
  if (object["metadata"].get(metadata) == simdjson::SUCCESS) {
    line.epoch = number_in(metadata, "epoch_num");
    line.step = number_in(metadata, "step_num");
    line.samples = number_in(metadata, "samples_count");
    if (metadata["status"].get(text) == simdjson::SUCCESS) line.status = std::string(text);
  }
  return line;
}

// Facts about the run that are not events; true when the key was one.
bool read_fact(const MllogLine& line, RunRecord& record) {
  if (line.key == "seed" && line.value) {
    record.seed = whole_number(*line.value);
  } else if (line.key == "global_batch_size") {
    record.batch_size = line.value;
  } else if (line.key == "submission_benchmark") {
    record.workload = line.text;
  } else if (line.key == "submission_org" || line.key == "submission_platform") {
    record.group += (record.group.empty() ? "" : " ") + line.text;
    if (line.key == "submission_platform") record.hardware.accelerator = line.text;
  } else if (line.key == "train_samples" || line.key == "eval_samples") {
    Dataset& data = record.data.emplace_back();
    data.split = line.key == "train_samples" ? "train" : "eval";
    data.use = data.split;
    if (line.value) data.samples = whole_number(*line.value);
  } else {
    return false;
  }
  return true;
}

// `folder` and `name`: what its folder and the log itself are called.
void read_file_of(const fs::path& path, const std::string& folder, const std::string& name,
                  const ImportOptions& options, RunSink& sink) {
  RunRecord record;
  record.id = folder + "/" + name;
  record.source = "mllog: " + path.string();
  record.clocks.eval = true;  // the rules forbid pausing the clock
  record.clocks.data = true;
  size_t run = sink.begin();
  LineReader lines(path);
  simdjson::dom::parser parser;
  std::string_view text;
  std::optional<double> start_ms, samples;
  double batch_epoch = 0;
  bool any = false;
  while (lines.next(text)) {
    size_t at = text.find(kMark);
    if (at == std::string_view::npos) continue;
    MllogLine line;
    try {
      line = parse_line(parser, text.substr(at + kMark.size()), lines, path.string());
    } catch (const DataError&) {
      if (lines.ended_with_newline()) throw;
      record.not_found.push_back("the end of " + path.filename().string());  // cut while it was written
      break;
    }
    any = true;
    if (read_fact(line, record)) continue;
    if (line.key == "run_start") {
      start_ms = line.time_ms;
      if (auto started = whole_number(line.time_ms / 1000)) record.started_at = utc_text(*started);
    }
    EventRecord event;
    if (start_ms) event.t_total = event.t_train = (line.time_ms - *start_ms) / 1000;
    if (line.epoch) batch_epoch = *line.epoch;
    if (line.samples) samples = line.samples;
    event.epoch = line.epoch;
    event.samples = line.samples;
    if (line.step) event.step = whole_number(*line.step);
    if (line.key == "run_stop") {
      record.status = line.status == "success"   ? Status::kStoppedEarly
                      : line.status == "aborted" ? Status::kError
                                                 : Status::kOk;
      record.status_detail = line.status;
      record.executed.total_s = record.executed.train_s = event.t_total;
      if (batch_epoch > 0) record.executed.epochs = batch_epoch;
      record.executed.samples = samples;
    } else if (line.key.rfind("eval_", 0) == 0 && line.value) {
      std::string metric = line.key.substr(5);
      event.metrics.push_back({metric, "eval", *line.value, "raw"});
      if (record.metric.name.empty()) {
        record.metric.name = metric;
        record.metric.split = "eval";
        record.metric.direction = metric.find("error") != std::string::npos || metric.find("loss") != std::string::npos
                                      ? Direction::kMinimize
                                      : Direction::kMaximize;
      }
      sink.event(run, std::move(event));
    }
  }
  if (!any) throw DataError(path.string(), "", "no line holds :::MLLOG");
  if (!start_ms) record.not_found.emplace_back("run_start");
  if (record.status == Status::kUnknown) {
    record.not_found.emplace_back("run_stop");
    record.status = Status::kInterrupted;
  }
  if (!record.seed) record.not_found.emplace_back("seed");
  if (record.metric.name.empty()) record.not_found.emplace_back("eval_*");
  if (record.group.empty()) record.group = folder;
  apply(options, record);
  sink.end(run, std::move(record));
}

bool may_be_mllog(const fs::path& path) {
  return path.extension() == ".txt" || path.extension() == ".log" || path.extension() == ".out";
}

bool holds_mllog(const fs::path& path) {
  return may_be_mllog(path) && first_bytes(path, 1 << 16).find(kMark) != std::string::npos;
}

}  // namespace

Importer mllog_importer() {
  return {"mllog", "MLPerf training logs (:::MLLOG lines)",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return holds_mllog(path);
            return !files_below(path, holds_mllog).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            Paths files = files_below(paths, holds_mllog, "files with :::MLLOG lines");
            auto folders = distinct_names(folders_of(files));
            for (const auto& [file, name] : names_of_files(files))
              read_file_of(file, folders.at(folder_of(file)), fs::path(name).filename().string(), options, sink);
          }};
}

}  // namespace hasten::evaluate
