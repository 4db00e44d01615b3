// From one program to the other.
#include "hasten/cli/hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hasten/base/error.h"

namespace hasten::cli {

void hand_over(std::string_view program, char** argv) {
  // Found through the file that runs, so that a link to it in another folder works.
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
  execv(path.c_str(), argv);
  throw ConfigError(path.string(), "the program for commands that train", std::strerror(errno),
                    "it is built and installed beside hasten; install both");
}

}  // namespace hasten::cli
