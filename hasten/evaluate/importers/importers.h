// Logs of other programs into run records. One file a format; each records what it looked for in vain.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/evaluate/importers/sink.h"

namespace hasten::evaluate {

using Paths = std::vector<std::filesystem::path>;

// What a log does not say and the user may.
struct ImportOptions {
  std::string group, workload;
  std::string metric;              // "val/accuracy": becomes the metric that counts
  std::optional<double> target;
  std::string mapping;             // of csv and jsonl: a file, or one that comes along: wandb, mlflow, lightning
};

struct Importer {
  std::string_view name, summary;
  bool (*recognizes)(const std::filesystem::path& path);
  // All of them together, since names are to tell the runs of one apart from those of another. Throws DataError with file
  // and line, ConfigError for options that do not fit.
  void (*read)(const Paths& paths, const ImportOptions& options, RunSink& sink);
};

const std::vector<Importer>& all_importers();  // in the order in which they are tried
const Importer& find_importer(std::string_view name);  // throws ConfigError with the choices
const Importer& detect_importer(const std::filesystem::path& path);  // throws ConfigError

// Runs of other formats in memory, and run directories as they are: what `compare` and `lint` read.
std::vector<Run> load_runs(const std::vector<std::string>& paths, const ImportOptions& options = {});

Importer algoperf_importer();
Importer dawnbench_importer();
Importer nanogpt_importer();
Importer mllog_importer();
Importer tensorboard_importer();
Importer jsonl_importer();
Importer csv_importer();

// Shared by importers: applies the user's group, workload, metric and target.
void apply(const ImportOptions& options, RunRecord& record);
// Files below `path` (or `path` itself) that pass, sorted.
Paths files_below(const std::filesystem::path& path, bool (*wanted)(const std::filesystem::path&));
// The same below any of `paths`, each file once. Throws ConfigError where there is none: `expected` says what was looked for.
Paths files_below(const Paths& paths, bool (*wanted)(const std::filesystem::path&), const char* expected);
// What to call each of these paths: its last part, with as many folders before it as tell it from the others, since files
// of one name in several folders are several runs. `names_of_files` leaves the extension out where it tells nothing.
std::map<std::filesystem::path, std::string> distinct_names(const Paths& paths);
std::map<std::filesystem::path, std::string> names_of_files(const Paths& files);
// The folder that a file lies in, and those of many files, as distinct_names takes them.
std::filesystem::path folder_of(const std::filesystem::path& file);
Paths folders_of(const Paths& files);
std::string first_bytes(const std::filesystem::path& file, size_t count);

}  // namespace hasten::evaluate
