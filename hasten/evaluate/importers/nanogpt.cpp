// Text logs of modded-nanogpt ("step:1/10 val_loss:3.2 train_time:5ms step_avg:5ms") and of llm.c ("s:1 tel:3.2").
#include <algorithm>
#include <cctype>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/line_reader.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/importers.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The number after "key:", up to its unit; the embedded source of a log holds such keys followed by braces.
std::optional<double> value_of(std::string_view line, std::string_view key) {
  size_t at = line.find(key);
  if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ')) return std::nullopt;
  size_t begin = at + key.size(), end = begin;
  // A diverged run writes nan, inf or -inf.
  auto word = parse_number(line.substr(begin, line.find(' ', begin) - begin));
  if (word && !std::isfinite(*word)) return word;
  while (end < line.size() &&
         (is_digit(line[end]) || line[end] == '.' || line[end] == 'e' || line[end] == '-' || line[end] == '+'))
    ++end;
  return parse_number(line.substr(begin, end - begin));
}

struct LogLine {
  int64_t step = 0;
  std::optional<double> planned, val_loss, train_loss, train_ms, lr;
};

std::optional<LogLine> parse_step(std::string_view line) {
  bool modded = line.rfind("step:", 0) == 0, llmc = line.rfind("s:", 0) == 0;
  size_t begin = modded ? 5 : 2;
  if ((!modded && !llmc) || line.size() <= begin || !is_digit(line[begin])) return std::nullopt;
  size_t end = begin;
  while (end < line.size() && is_digit(line[end])) ++end;
  auto step = parse_number(line.substr(begin, end - begin));
  auto whole = step ? whole_number(*step) : std::nullopt;
  if (!whole) return std::nullopt;
  LogLine parsed;
  parsed.step = *whole;
  if (llmc) {
    parsed.val_loss = value_of(line, "tel:");
    parsed.train_loss = value_of(line, "trl:");
    parsed.lr = value_of(line, "lr:");
    return parsed;
  }
  if (end < line.size() && line[end] == '/') {
    size_t stop = end + 1;
    while (stop < line.size() && is_digit(line[stop])) ++stop;
    parsed.planned = parse_number(line.substr(end + 1, stop - end - 1));
  }
  parsed.val_loss = value_of(line, "val_loss:");
  parsed.train_loss = value_of(line, "train_loss:");
  parsed.train_ms = value_of(line, "train_time:");
  if (!parsed.val_loss && !parsed.train_loss && !parsed.train_ms) return std::nullopt;
  return parsed;
}

// Environment lines of newer logs.
void read_environment(std::string_view line, RunRecord& record) {
  auto after = [&](std::string_view prefix) -> std::string {
    if (line.rfind(prefix, 0) != 0) return "";
    std::string_view rest = line.substr(prefix.size());
    return std::string(rest.substr(0, rest.find(' ')));
  };
  if (auto python = after("Running Python "); !python.empty()) record.software.libraries["python"] = python;
  if (auto torch = after("Running PyTorch "); !torch.empty()) {
    record.software.framework = "pytorch";
    record.software.version = torch;
  }
  size_t driver = line.find("Driver Version: ");
  if (driver != std::string_view::npos) {
    std::string_view rest = line.substr(driver + 16);
    record.software.driver = std::string(rest.substr(0, rest.find(' ')));
  }
  // A row of nvidia-smi's table: "|   0  NVIDIA H100 80GB HBM3          On  | ..."
  size_t name = line.find("NVIDIA ");
  if (line.rfind("|", 0) == 0 && name != std::string_view::npos && line.find("NVIDIA-SMI") == std::string_view::npos) {
    std::string_view device = line.substr(name, line.find("  ", name) - name);
    std::string_view number = trim(line.substr(1, name - 1));
    if (!number.empty() && std::all_of(number.begin(), number.end(), is_digit)) {
      record.hardware.accelerator = std::string(trim(device));
      record.hardware.accelerator_count = record.hardware.accelerator_count.value_or(0) + 1;
    }
  }
  if (line.rfind("peak memory allocated: ", 0) == 0) {
    if (auto mebibytes = value_of(line, "allocated: ")) record.executed.peak_memory_bytes = *mebibytes * 1048576;
  }
}

void read_log(const fs::path& path, const std::string& id, const std::string& group, const ImportOptions& options,
              RunSink& sink) {
  RunRecord record;
  record.id = id;
  record.group = group;
  record.workload = "nanogpt";
  record.source = "nanogpt: " + path.string();
  record.metric.name = "loss";
  record.metric.split = "validation";
  record.metric.direction = Direction::kMinimize;
  record.clocks.eval = false;
  size_t run = sink.begin();
  LineReader lines(path);
  std::string_view line;
  std::optional<double> before_ms;
  bool diverged = false;
  while (lines.next(line)) {
    auto parsed = parse_step(line);
    if (!parsed) {
      read_environment(line, record);
      continue;
    }
    // A clock that starts again leaves the steps before it untimed.
    if (parsed->train_ms && before_ms && *parsed->train_ms < *before_ms)
      record.clocks.untimed_warmup_steps = parsed->step - 1;
    if (parsed->train_ms) before_ms = parsed->train_ms;
    EventRecord event;
    event.step = parsed->step;
    if (parsed->train_ms) event.t_train = *parsed->train_ms / 1000;
    event.lr = parsed->lr;
    if (parsed->planned) record.planned.steps = parsed->planned;
    if (parsed->val_loss) event.metrics.push_back({"loss", "validation", *parsed->val_loss, "raw"});
    if (parsed->train_loss) event.metrics.push_back({"loss", "train", *parsed->train_loss, "raw"});
    bool bad = std::any_of(event.metrics.begin(), event.metrics.end(),
                           [](const MetricValue& metric) { return !std::isfinite(metric.value); });
    if (bad && !record.first_bad_step) record.first_bad_step = event.step;
    if (!event.metrics.empty()) diverged = bad;
    record.executed.steps = static_cast<double>(parsed->step);
    if (event.t_train) record.executed.train_s = event.t_train;
    sink.event(run, std::move(event));
  }
  if (!record.executed.steps) throw DataError(path.string(), "", "no line starts with step:<i>/<n> or s:<i>");
  if (!record.executed.train_s) record.not_found.emplace_back("train_time");
  if (!record.planned.steps) record.not_found.emplace_back("planned steps");
  if (record.hardware.accelerator.empty()) record.not_found.emplace_back("nvidia-smi table");
  record.not_found.emplace_back("seed");
  bool whole = !record.planned.steps || *record.executed.steps >= *record.planned.steps;
  record.status = diverged ? Status::kDiverged : whole ? Status::kOk : Status::kInterrupted;
  apply(options, record);
  sink.end(run, std::move(record));
}

bool is_text(const fs::path& path) {
  return path.extension() == ".txt" || path.extension() == ".log" || path.extension() == ".full";
}

bool has_steps(const fs::path& path) {
  LineReader lines(path);
  std::string_view line;
  // The source of the program may come first, some thousand lines of it.
  for (int i = 0; i < 20000 && lines.next(line); ++i) {
    if (parse_step(line)) return true;
  }
  return false;
}

bool is_log(const fs::path& path) { return is_text(path) && has_steps(path); }

}  // namespace

Importer nanogpt_importer() {
  return {"nanogpt", "text logs of modded-nanogpt (step:1/10 val_loss:...) and llm.c (s:1 tel:...)",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_log(path);
            auto files = files_below(path, is_text);
            return std::any_of(files.begin(), files.end(), has_steps);
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            Paths files = files_below(paths, is_log, "text logs with step:<i>/<n> or s:<i> lines");
            auto groups = distinct_names(folders_of(files));
            for (const auto& [file, id] : names_of_files(files))
              read_log(file, id, groups.at(folder_of(file)), options, sink);
          }};
}

}  // namespace hasten::evaluate
