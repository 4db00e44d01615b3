// From one program to the other.
#include "hasten/cli/hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"

namespace hasten::cli {
namespace {

constexpr const char* kStartedBy = "HASTEN_STARTED_BY";

}  // namespace

std::string other_build() {
  const char* variable = std::getenv(kStartedBy);
  const std::string started_by = variable != nullptr ? variable : build_name();
  unsetenv(kStartedBy);
  if (started_by == build_name()) return "";
  return cat("hasten is ", started_by, " and hasten-engine, beside it, ", build_name(),
             ": install both from one build");
}

void hand_over(std::string_view program, char** argv) {
  // Found through the file that runs, so that a link to it in another folder works.
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
  setenv(kStartedBy, build_name().c_str(), 1);
  execv(path.c_str(), argv);
  throw ConfigError(path.string(), "the program for commands that train", std::strerror(errno),
                    "it is built and installed beside hasten; install both");
}

}  // namespace hasten::cli
