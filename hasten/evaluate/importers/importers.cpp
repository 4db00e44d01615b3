// The list of formats, detection, and loading of mixed paths.
#include "hasten/evaluate/importers/importers.h"

#include <algorithm>
#include <fstream>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {

namespace fs = std::filesystem;

const std::vector<Importer>& all_importers() {
  static const std::vector<Importer> importers{algoperf_importer(), dawnbench_importer(), tensorboard_importer(),
                                               nanogpt_importer(),  mllog_importer(),     jsonl_importer(),
                                               csv_importer()};
  return importers;
}

const Importer& find_importer(std::string_view name) {
  std::vector<std::string> names;
  for (const Importer& importer : all_importers()) {
    if (importer.name == name) return importer;
    names.emplace_back(importer.name);
  }
  throw ConfigError("format", "one of " + join(names, ", "), "'" + std::string(name) + "'", suggest(name, names));
}

const Importer& detect_importer(const fs::path& path) {
  std::error_code code;
  if (!fs::exists(path, code))
    throw ConfigError("path", "a file or folder of logs", path.string() + ", which is not there");
  for (const Importer& importer : all_importers()) {
    if (importer.recognizes(path)) return importer;
  }
  std::vector<std::string> names;
  for (const Importer& importer : all_importers()) names.emplace_back(importer.name);
  throw ConfigError("path", "logs of a known format", path.string() + ", which looks like none",
                    "name the format: " + join(names, ", ") + "; csv and jsonl take any columns with --mapping");
}

std::vector<Run> load_runs(const std::vector<std::string>& paths, const ImportOptions& options) {
  std::vector<Run> runs;
  std::map<std::string_view, Paths> logs;  // by format
  for (const std::string& path : paths) {
    std::vector<fs::path> native;
    try {
      native = find_runs({path});
    } catch (const ConfigError&) {
      logs[detect_importer(path).name].emplace_back(path);
      continue;
    }
    for (const fs::path& run : native) runs.push_back(read_run(run));
  }
  MemorySink sink;
  for (const auto& [format, places] : logs) find_importer(format).read(places, options, sink);
  for (Run& run : sink.runs) runs.push_back(std::move(run));
  return runs;
}

void apply(const ImportOptions& options, RunRecord& record) {
  if (!options.group.empty()) record.group = options.group;
  if (!options.workload.empty()) record.workload = options.workload;
  if (!options.metric.empty()) {
    size_t slash = options.metric.find('/');
    record.metric.split = slash == std::string::npos ? "" : options.metric.substr(0, slash);
    record.metric.name = slash == std::string::npos ? options.metric : options.metric.substr(slash + 1);
    record.metric.direction = usual_direction(record.metric.name);
  }
  if (options.target) record.metric.target = options.target;
  if (record.role == Role::kUnknown && record.group == "baseline") record.role = Role::kBaseline;
}

Paths files_below(const fs::path& path, bool (*wanted)(const fs::path&)) {
  std::error_code code;
  if (!fs::is_directory(path, code)) return {path};
  Paths files;
  fs::recursive_directory_iterator walk(path, fs::directory_options::skip_permission_denied, code), end;
  for (; !code && walk != end; walk.increment(code)) {
    if (walk->is_regular_file(code) && wanted(walk->path())) files.push_back(walk->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Paths files_below(const Paths& paths, bool (*wanted)(const fs::path&), const char* expected) {
  std::map<fs::path, fs::path> files;  // by where they are, however they were named
  for (const fs::path& path : paths) {
    Paths below = files_below(path, wanted);
    if (below.empty()) throw ConfigError("path", expected, path.string() + ", which has none");
    for (fs::path& file : below) files.emplace(fs::absolute(file).lexically_normal(), std::move(file));
  }
  Paths once;
  for (auto& [place, file] : files) once.push_back(std::move(file));
  return once;
}

std::map<fs::path, std::string> distinct_names(const Paths& paths) {
  struct Name {
    std::string text;
    fs::path above;  // what could still be put before it
  };
  std::map<fs::path, Name> names;
  for (const fs::path& path : paths) {
    fs::path whole = fs::absolute(path).lexically_normal();
    names[path] = {whole.filename().string(), whole.parent_path()};
  }
  for (bool grown = true; grown;) {
    grown = false;
    std::map<std::string, int> uses;
    for (const auto& [path, name] : names) ++uses[name.text];
    for (auto& [path, name] : names) {
      if (uses[name.text] == 1 || !name.above.has_filename()) continue;
      name.text = name.above.filename().string() + "/" + name.text;
      name.above = name.above.parent_path();
      grown = true;
    }
  }
  std::map<fs::path, std::string> texts;
  for (auto& [path, name] : names) texts[path] = std::move(name.text);
  return texts;
}

std::map<fs::path, std::string> names_of_files(const Paths& files) {
  auto without_extension = [](const fs::path& file) { return file.parent_path() / file.stem(); };
  std::map<fs::path, int> uses;
  for (const fs::path& file : files) ++uses[without_extension(file)];
  auto called = [&](const fs::path& file) {
    fs::path plain = without_extension(file);
    return uses[plain] > 1 ? file : plain;
  };
  Paths paths;
  for (const fs::path& file : files) paths.push_back(called(file));
  auto names = distinct_names(paths);
  std::map<fs::path, std::string> texts;
  for (const fs::path& file : files) texts[file] = names.at(called(file));
  return texts;
}

fs::path folder_of(const fs::path& file) { return fs::absolute(file).lexically_normal().parent_path(); }

Paths folders_of(const Paths& files) {
  Paths folders;
  for (const fs::path& file : files) folders.push_back(folder_of(file));
  return folders;
}

std::string first_bytes(const fs::path& file, size_t count) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(count, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

}  // namespace hasten::evaluate
