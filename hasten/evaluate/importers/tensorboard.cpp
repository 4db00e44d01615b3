// TensorBoard event files: the scalars of all event files in a folder are one run.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/mapping.h"
#include "hasten/evaluate/importers/number_text.h"
#include "hasten/evaluate/importers/tfrecord.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

bool is_event_file(const fs::path& path) { return path.filename().string().find("tfevents") != std::string::npos; }

// "validation/loss" and "loss/validation" both occur; what names a split decides.
std::string prefix_of(std::string_view tag) {
  size_t slash = tag.rfind('/');
  if (slash == std::string::npos) return metric_prefix("", std::string(tag));
  std::string left(tag.substr(0, slash)), right(tag.substr(slash + 1));
  for (const char* split : {"train", "validation", "val", "valid", "test", "eval"}) {
    if (right != split) continue;
    std::swap(left, right);
    break;
  }
  return metric_prefix(left == "val" || left == "valid" ? "validation" : left, right);  // as tables name it
}

// What is known of each tag. Writers repeat their tags in one order, so most are found by the last one.
class Tags {
 public:
  struct Tag {
    std::string tag, prefix;  // what stands before its value
    int64_t step = INT64_MIN;  // where it was last,
    int64_t starts = 0;        // and how often the run had started again by then
    Tag* after = nullptr;
  };

  Tag& find(std::string_view tag) {
    if (!latest_ || !latest_->after || latest_->after->tag != tag) {
      Tag* found = look_up(tag);
      if (latest_) latest_->after = found;
      latest_ = found;
    } else {
      latest_ = latest_->after;
    }
    return *latest_;
  }

 private:
  Tag* look_up(std::string_view tag) {
    auto found = tags_.find(tag);
    if (found != tags_.end()) return &found->second;
    if (tags_.size() > 100000) {  // a new one in every record: memory stays bounded
      latest_ = nullptr;
      tags_.clear();
    }
    Tag& added = tags_[std::string(tag)];
    added.tag = std::string(tag);
    added.prefix = prefix_of(tag);
    return &added;
  }

  std::map<std::string, Tag, std::less<>> tags_;
  Tag* latest_ = nullptr;
};

// A float as its shortest text, which is what the program logged: with 0.7649999856948853 in the place of 0.765 a target of
// 0.765 would be missed.
char* put_number(char* at, double value, bool is_float = false) {
  if (std::isfinite(value)) {
    return is_float ? std::to_chars(at, at + 32, static_cast<float>(value)).ptr : std::to_chars(at, at + 32, value).ptr;
  }
  std::string word;
  append_json_number(value, word);
  return copy_short(at, word);
}

// Seconds to the microsecond: a clock that counts from 1970 in a double cannot say more.
class Moment {
 public:
  explicit Moment(double seconds)
      : seconds_(seconds), micros_(is_usual() ? static_cast<int64_t>(seconds * 1e6 + (seconds < 0 ? -0.5 : 0.5)) : 0) {}

  double seconds() const { return is_usual() ? static_cast<double>(micros_) / 1e6 : seconds_; }

  // As "12.00034": whole numbers are quicker to print than doubles.
  char* put(char* at) const {
    if (!is_usual()) return put_number(at, seconds_);
    if (micros_ < 0) *at++ = '-';
    uint64_t micros = static_cast<uint64_t>(micros_ < 0 ? -micros_ : micros_), rest = micros % 1000000;
    at = std::to_chars(at, at + 24, micros / 1000000).ptr;
    if (rest == 0) return at;
    *at = '.';
    for (int place = 6; place > 0; --place, rest /= 10) at[place] = static_cast<char>('0' + rest % 10);
    for (at += 6; *at == '0';) --at;
    return at + 1;
  }

 private:
  bool is_usual() const { return std::abs(seconds_) < 9e12; }
  double seconds_;
  int64_t micros_;
};

// The event files of one folder, in the order of their names: these carry the time at which they were opened.
class FolderImport {
 public:
  FolderImport(RunSink& sink, RunRecord& record) : sink_(sink), record_(record), run_(sink.begin()) {}

  size_t run() const { return run_; }

  void read(const fs::path& file) {
    TfRecordReader reader(file);
    std::string_view bytes;
    ScalarEvent event;
    for (int64_t number = 1; reader.next(bytes); ++number) {
      if (!parse_event(bytes, event)) throw DataError(file.string(), cat("record ", number), "not an event");
      other_ = other_ || event.holds_other;
      if (event.scalars.empty()) continue;
      if (!first_) first_ = event.wall_time;
      last_.emplace(event.wall_time - *first_);
      last_step_ = event.step;
      write(event);
    }
    if (reader.truncated()) record_.not_found.push_back("the end of " + file.filename().string());
  }

  void finish() {
    if (last_) record_.executed.total_s = last_->seconds();
    if (last_step_) record_.executed.steps = static_cast<double>(*last_step_);
    if (!last_) record_.not_found.emplace_back("scalars");
    if (other_) record_.not_found.emplace_back("images, histograms and text are not imported");
    for (const char* field : {"seed", "hardware", "train seconds"}) record_.not_found.emplace_back(field);
    record_.status = Status::kOk;
  }

 private:
  void write(const ScalarEvent& event) {
    char* at = room(line_.data(), 128);
    at = copy_short(at, "{\"step\":");
    at = std::to_chars(at, at + 24, event.step).ptr;
    at = copy_short(at, ",\"t_total\":");
    at = last_->put(at);
    at = copy_short(at, ",\"metrics\":");
    char separator = '[';
    bool restarts = false;
    for (const auto& [name, value, is_float] : event.scalars) {
      Tags::Tag& tag = tags_.find(name);
      // A tag that comes again at an earlier step is a resumed run; other tags may count by a step of their own.
      restarts = restarts || (tag.starts == starts_ && event.step < tag.step);
      tag.step = event.step;
      tag.starts = starts_ + (restarts ? 1 : 0);
      const std::string& prefix = tag.prefix;
      at = room(at, prefix.size() + 64);  // a number, what ends the line
      *at++ = separator;
      separator = ',';
      at = copy_short(at, prefix);
      at = put_number(at, value, is_float);
      *at++ = '}';
    }
    at = copy_short(at, "]}\n");
    if (restarts) {
      ++starts_;
      EventRecord restart;
      restart.kind = "restart";
      restart.step = event.step;
      sink_.event(run_, std::move(restart));
    }
    sink_.line(run_, std::string_view(line_.data(), static_cast<size_t>(at - line_.data())));
  }

  // Makes `bytes` bytes free from `at` on, which lies in line_ and may move.
  char* room(char* at, size_t bytes) {
    auto used = static_cast<size_t>(at - line_.data());
    if (used + bytes > line_.size()) line_.resize(2 * (used + bytes));
    return line_.data() + used;
  }

  RunSink& sink_;
  RunRecord& record_;
  size_t run_;
  Tags tags_;
  std::string line_;
  std::optional<double> first_;
  std::optional<Moment> last_;
  std::optional<int64_t> last_step_;
  int64_t starts_ = 0;  // how often the run started again
  bool other_ = false;
};

// Named below what the user gave, not by where that lies.
std::string name_below(const Paths& roots, const fs::path& folder) {
  for (const fs::path& root : roots) {
    std::string below = folder.lexically_relative(fs::absolute(root).lexically_normal()).string();
    if (!below.empty() && below[0] != '.') return below;
  }
  return folder.filename().string();
}

void read_folder(const std::string& id, const fs::path& folder, const std::string& group, const Paths& files,
                 const ImportOptions& options, RunSink& sink) {
  RunRecord record;
  record.id = id;
  record.group = group;
  record.source = "tensorboard: " + folder.string();
  FolderImport import(sink, record);
  for (const fs::path& file : files) import.read(file);
  import.finish();
  apply(options, record);
  sink.end(import.run(), std::move(record));
}

}  // namespace

Importer tensorboard_importer() {
  return {"tensorboard", "event files (events.out.tfevents.*); those in one folder are one run",
          [](const fs::path& path) {
            std::error_code code;
            if (!fs::is_directory(path, code)) return is_event_file(path);
            return !files_below(path, is_event_file).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            std::map<fs::path, Paths> folders;
            Paths all = files_below(paths, is_event_file, "event files (*tfevents*)");
            for (const fs::path& file : all) folders[folder_of(file)].push_back(file);
            auto groups = distinct_names(folders_of(all));
            std::map<std::string, int> uses;  // runs/a and old/a are both called a, below what was given
            for (const auto& [folder, files] : folders) ++uses[name_below(paths, folder)];
            for (const auto& [folder, files] : folders) {
              std::string id = name_below(paths, folder);
              read_folder(uses[id] > 1 ? groups.at(folder) : id, folder, groups.at(folder), files, options, sink);
            }
          }};
}

}  // namespace hasten::evaluate
