// Where data sets lie on this machine.
#include "hasten/loader/fetch/data_place.h"

#include <cstdlib>

namespace hasten {

std::filesystem::path data_root() {
  const char* root = std::getenv("HASTEN_DATA");
  return root != nullptr && *root != '\0' ? root : "data";
}

std::vector<std::filesystem::path> data_folders(const std::string& name) {
  std::vector<std::filesystem::path> folders{data_root() / name};
  if (data_root() != "data") folders.push_back(std::filesystem::path("data") / name);
  folders.push_back(std::filesystem::path("/usr/share/datasets") / name);
  return folders;
}

}  // namespace hasten
