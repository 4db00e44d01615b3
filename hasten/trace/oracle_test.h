// For tests: the shared traces and the values that other tools give for them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "hasten/base/json.h"

namespace hasten::trace {

// The folder of shared test data: HASTEN_SHARED, or ../shared beside the source tree.
inline std::filesystem::path shared_traces() {
  const char* folder = std::getenv("HASTEN_SHARED");
  if (folder != nullptr) return std::filesystem::path(folder) / "data" / "traces";
  for (auto root = std::filesystem::current_path(); ; root = root.parent_path()) {
    auto candidate = root / "shared" / "data" / "traces";
    if (std::filesystem::exists(candidate / "expected.json")) return candidate;
    if (root == root.parent_path()) return {};
  }
}

inline bool shared_missing() {
  bool there = std::filesystem::exists(shared_traces() / "expected.json");
  if (!there && std::getenv("HASTEN_SHARED") != nullptr) ADD_FAILURE() << "HASTEN_SHARED is set, but has no traces";
  return !there;
}

inline const Json& oracle() {
  static const Json expected = read_json(shared_traces() / "expected.json");
  return expected;
}

}  // namespace hasten::trace

#define HASTEN_NEEDS_SHARED_TRACES() \
  if (::hasten::trace::shared_missing()) GTEST_SKIP() << "the shared traces are not here"
