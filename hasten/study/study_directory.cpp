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

// What cannot be looked at or removed stays.
void remove_unfinished_files(const fs::path& out) {
  std::error_code code;
  fs::recursive_directory_iterator entry(out, fs::directory_options::skip_permission_denied, code), end;
  for (; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    if (fs::exists(entry->path() / "run.json", ignored)) entry.disable_recursion_pending();
    else if (entry->is_regular_file(ignored) && is_unfinished_file(entry->path())) fs::remove(entry->path(), ignored);
  }
}

void refuse_what_is_there(const StudyDirectory& directory) {
  if (!holds_something(directory.out, directory.file)) return;
  throw ConfigError("--out", "an empty or new directory", "'" + directory.out.string() + "', which holds something",
                    cat("continue ", directory.what, " with --resume, or choose another directory"));
}

}  // namespace

OpenStudy open_study(const StudyDirectory& directory, const Json& document) {
  const fs::path file = directory.out / directory.file;
  if (directory.resume) {
    if (!fs::exists(file)) {
      throw ConfigError("--resume", directory.what + " in --out", "'" + directory.out.string() + "', which holds none",
                        "name its directory by --out");
    }
  } else {
    refuse_what_is_there(directory);
    fs::create_directories(directory.out);
  }
  const std::string noun = directory.what.substr(directory.what.find(' ') + 1);  // without its article
  OpenStudy study{document, DirectoryLock(directory.out, noun)};
  remove_unfinished_files(directory.out);
  if (!directory.resume) {
    refuse_what_is_there(directory);  // another process may have come first
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
