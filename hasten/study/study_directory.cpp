#include "hasten/study/study_directory.h"

#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace fs = std::filesystem;

Json open_study(const StudyDirectory& directory, const Json& document) {
  const fs::path file = directory.out / directory.file;
  const std::string place = "'" + directory.out.string() + "'";
  if (!directory.resume) {
    if (fs::exists(directory.out) && !fs::is_empty(directory.out)) {
      throw ConfigError("--out", "an empty or new directory", place + ", which holds something",
                        cat("continue ", directory.what, " with --resume, or choose another directory"));
    }
    fs::create_directories(directory.out);
    write_file_atomic(file, document.dump(2) + "\n");
    return document;
  }
  if (!fs::exists(file)) {
    throw ConfigError("--resume", directory.what + " in --out", place + ", which holds none",
                      "name its directory by --out");
  }
  Json begun = read_json(file);
  const std::vector<std::string> changes = json_difference(begun.at("definition"), document.at("definition"));
  if (!changes.empty()) {
    throw ConfigError("--resume", "what " + file.string() + " tells of", "something else: " + changes.front(),
                      "it was begun by: " + begun.at("command").get<std::string>());
  }
  return begun;
}

}  // namespace hasten
