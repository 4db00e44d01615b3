#include "hasten/study/study_directory.h"

#include <algorithm>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/spec/plan.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// More than what a kill left of `file` before it was there.
bool holds_something(const fs::path& out, const std::string& file) {
  if (!fs::is_directory(out)) return fs::exists(out);
  return std::any_of(fs::directory_iterator(out), fs::directory_iterator(), [&](const fs::directory_entry& entry) {
    return entry.path().stem() != file || !is_unfinished_file(entry.path());
  });
}

void remove_unfinished_files(const fs::path& out) {
  for (fs::recursive_directory_iterator entry(out), end; entry != end; ++entry) {
    if (fs::exists(entry->path() / "run.json")) entry.disable_recursion_pending();
    else if (entry->is_regular_file() && is_unfinished_file(entry->path())) fs::remove(entry->path());
  }
}

}  // namespace

OpenStudy open_study(const StudyDirectory& directory, const Json& document) {
  const fs::path file = directory.out / directory.file;
  const std::string place = "'" + directory.out.string() + "'";
  if (directory.resume) {
    if (!fs::exists(file)) {
      throw ConfigError("--resume", directory.what + " in --out", place + ", which holds none",
                        "name its directory by --out");
    }
  } else {
    if (holds_something(directory.out, directory.file)) {
      throw ConfigError("--out", "an empty or new directory", place + ", which holds something",
                        cat("continue ", directory.what, " with --resume, or choose another directory"));
    }
    fs::create_directories(directory.out);
  }
  const std::string noun = directory.what.substr(directory.what.find(' ') + 1);  // without its article
  OpenStudy study{document, DirectoryLock(directory.out, noun)};
  remove_unfinished_files(directory.out);
  if (!directory.resume) {
    write_file_atomic(file, document.dump(2) + "\n");
    return study;
  }
  study.document = read_json(file);
  const std::vector<std::string> changes = json_difference(study.document.at("definition"), document.at("definition"));
  if (!changes.empty()) {
    throw ConfigError("--resume", "what " + file.string() + " tells of", "something else: " + changes.front(),
                      "it was begun by: " + study.document.at("command").get<std::string>());
  }
  return study;
}

}  // namespace hasten
