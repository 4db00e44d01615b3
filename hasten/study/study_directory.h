// The directory of a study of many runs: a file there tells what the study is, so that it goes on as it was begun.
#pragma once

#include <filesystem>
#include <string>

#include "hasten/base/directory_lock.h"
#include "hasten/base/json.h"

namespace hasten {

struct StudyDirectory {
  std::filesystem::path out;
  std::string file;  // "tune.json"
  std::string what;  // "a search"
  bool resume = false;
};

struct OpenStudy {
  Json document;
  DirectoryLock lock;  // as long as it lives, no other process goes on with the study
};

// A new study: makes the directory, writes `document` with its "definition", and returns it. One that goes on: returns the document
// that is there. What a kill left of unfinished files is removed, except in run directories, which see to that themselves. Throws
// ConfigError when the directory holds something else, or a study of another definition, or when another process works there.
[[nodiscard]] OpenStudy open_study(const StudyDirectory& directory, const Json& document);

}  // namespace hasten
