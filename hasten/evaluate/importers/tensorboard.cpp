// TensorBoard event files: the scalars of all event files in a folder are one run.
#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/importers/tfrecord.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

bool is_event_file(const fs::path& path) { return path.filename().string().find("tfevents") != std::string::npos; }

// "validation/loss" and "loss/validation" both occur; what names a split decides.
MetricValue metric_of(const std::string& tag, double value) {
  size_t slash = tag.rfind('/');
  if (slash == std::string::npos) return {tag, "", value, "raw"};
  std::string left = tag.substr(0, slash), right = tag.substr(slash + 1);
  for (const char* split : {"train", "validation", "val", "valid", "test", "eval"}) {
    if (right == split) return {left, right, value, "raw"};
  }
  return {right, left, value, "raw"};
}

void read_folder(const fs::path& root, const fs::path& folder, const std::vector<fs::path>& files,
                 const ImportOptions& options, RunSink& sink) {
  RunRecord record;
  // Named below what the user gave, not by where that lies.
  fs::path below = folder.lexically_relative(fs::absolute(root).lexically_normal());
  record.id = below.empty() || below.string()[0] == '.' ? folder.filename().string() : below.string();
  record.group = folder.filename().string();
  record.source = "tensorboard: " + folder.string();
  size_t run = sink.begin();
  std::optional<double> first, last;
  std::optional<int64_t> last_step;
  bool other = false;
  // File names carry the time at which they were opened, so their order is the order of the run.
  for (const fs::path& file : files) {
    TfRecordReader reader(file);
    std::string_view bytes;
    for (int64_t number = 1; reader.next(bytes); ++number) {
      auto parsed = parse_event(bytes);
      if (!parsed) throw DataError(file.string(), cat("record ", number), "not an event");
      other = other || parsed->holds_other;
      if (parsed->scalars.empty()) continue;
      if (!first) first = parsed->wall_time;
      EventRecord event;
      event.step = parsed->step;
      event.t_total = parsed->wall_time - *first;
      last = event.t_total;
      for (const auto& [tag, value] : parsed->scalars) event.metrics.push_back(metric_of(tag, value));
      // A second file that starts again at an earlier step is a resumed run.
      if (last_step && parsed->step < *last_step && number <= 3) {
        EventRecord restart;
        restart.kind = "restart";
        restart.step = parsed->step;
        sink.event(run, std::move(restart));
      }
      last_step = parsed->step;
      sink.event(run, std::move(event));
    }
    if (reader.truncated()) record.not_found.push_back("the end of " + file.filename().string());
  }
  if (last) record.executed.total_s = last;
  if (last_step) record.executed.steps = static_cast<double>(*last_step);
  if (!last) record.not_found.emplace_back("scalars");
  if (other) record.not_found.emplace_back("images, histograms and text are not imported");
  for (const char* field : {"seed", "hardware", "train seconds"}) record.not_found.emplace_back(field);
  record.status = Status::kOk;
  apply(options, record);
  sink.end(run, std::move(record));
}

}  // namespace

Importer tensorboard_importer() {
  return {"tensorboard", "event files (events.out.tfevents.*); those in one folder are one run",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_event_file(path);
            return !files_below(path, is_event_file).empty();
          },
          [](const fs::path& path, const ImportOptions& options, RunSink& sink) {
            std::map<fs::path, std::vector<fs::path>> folders;
            for (const fs::path& file : files_below(path, is_event_file))
              folders[fs::absolute(file).parent_path().lexically_normal()].push_back(file);
            if (folders.empty())
              throw ConfigError("path", "event files (*tfevents*)", path.string() + ", which has none");
            for (const auto& [folder, files] : folders) read_folder(path, folder, files, options, sink);
          }};
}

}  // namespace hasten::evaluate
