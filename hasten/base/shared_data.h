// Data that tests read where it lies, outside the repository: ../shared/data, or $HASTEN_SHARED/data. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hasten {

// The path of a shared file, whether or not it is there. Looked for from the working folder upwards.
inline std::filesystem::path shared_data(const std::string& name) {
  if (const char* root = std::getenv("HASTEN_SHARED")) return std::filesystem::path(root) / "data" / name;
  for (auto folder = std::filesystem::current_path();; folder = folder.parent_path()) {
    auto path = folder / "shared" / "data" / name;
    if (std::filesystem::exists(path) || folder == folder.root_path()) return path;
  }
}

}  // namespace hasten

// Skips the test when the file is absent; fails it when HASTEN_SHARED promises the data.
#define HASTEN_NEEDS_SHARED(name)                                                                      \
  if (!std::filesystem::exists(::hasten::shared_data(name))) {                                         \
    if (std::getenv("HASTEN_SHARED")) FAIL() << "HASTEN_SHARED is set, but " << name << " is missing"; \
    GTEST_SKIP() << name << " is not here";                                                            \
  }
