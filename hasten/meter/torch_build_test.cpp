// What this LibTorch says of itself.
#include "hasten/meter/torch_build.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hasten {
namespace {

TEST(TorchBuildTest, IsWhatWasLinked) {
  TorchBuild build = torch_build();
  EXPECT_TRUE(build.version.starts_with("2.")) << build.version;
  EXPECT_GE(build.threads, 1);
  EXPECT_EQ(build.parallel_backend, "OpenMP");
}

// LibTorch exports a copy of it that is not whole in every version.
TEST(TorchBuildTest, TheStandardLibraryIsTheSystems) {
  void* const remove_all = dlsym(RTLD_DEFAULT, "_ZNSt10filesystem10remove_allERKNS_7__cxx114pathE");
  ASSERT_NE(remove_all, nullptr);
  Dl_info found;
  ASSERT_NE(dladdr(remove_all, &found), 0);
  EXPECT_THAT(found.dli_fname, ::testing::HasSubstr("libstdc++"));
}

}  // namespace
}  // namespace hasten
