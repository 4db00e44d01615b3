// The directory of a study of many runs: a file there tells what the study is, so that it goes on as it was begun.
#pragma once

#include <filesystem>
#include <string>

#include "hasten/base/json_fwd.h"

namespace hasten {

struct StudyDirectory {
  std::filesystem::path out;
  std::string file;  // "tune.json"
  std::string what;  // "a search"
  bool resume = false;
};

// A new study: makes the directory, writes `document` with its "definition", and returns it. One that goes on: returns the document
// that is there. Throws ConfigError when the directory holds something else, or a study of another definition.
Json open_study(const StudyDirectory& directory, const Json& document);

}  // namespace hasten
