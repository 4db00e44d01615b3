// What this LibTorch says of itself.
#include "hasten/meter/torch_build.h"

#include <gtest/gtest.h>

namespace hasten {
namespace {

TEST(TorchBuildTest, IsWhatWasLinked) {
  TorchBuild build = torch_build();
  EXPECT_TRUE(build.version.starts_with("2.")) << build.version;
  EXPECT_GE(build.threads, 1);
  EXPECT_EQ(build.parallel_backend, "OpenMP");
}

}  // namespace
}  // namespace hasten
