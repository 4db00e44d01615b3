// For tests that go through every registered method.
#pragma once

#include <gtest/gtest.h>

#include <ATen/Parallel.h>

#include <string>
#include <vector>

#include "hasten/methods/registry.h"

namespace hasten::testing {

inline std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodEntry& entry : method_entries()) names.push_back(entry.spec.name);
  return names;
}

// The nets of such tests are so small that a second thread only waits.
class OneThread final : public ::testing::Environment {
 public:
  void SetUp() override { at::set_num_threads(1); }
};

}  // namespace hasten::testing
