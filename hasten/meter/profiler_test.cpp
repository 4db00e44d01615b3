// Profiles: operators, shapes and ranges in the file; nothing without one.
#include "hasten/meter/profiler.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"

namespace hasten {
namespace {

TEST(ProfilerTest, WritesOperatorsWithShapesAndRanges) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("hasten_profile_" + std::to_string(::getpid()) + ".json");
  const at::Tensor a = at::ones({3, 5}), b = at::ones({5, 2});
  {
    ProfileRange unseen("before");
    Profiler profiler;
    {
      ProfileRange step("ProfilerStep#7");
      ProfileRange stage("forward");
      at::mm(a, b);
    }
    profiler.write(path);
    EXPECT_FALSE(Profiler::active());
    ProfileRange after("after");
  }
  const Json trace = Json::parse(read_file(path));
  std::filesystem::remove(path);
  int ranges = 0, products = 0;
  for (const Json& event : trace["traceEvents"]) {
    const std::string name = event.value("name", "");
    EXPECT_NE(name, "before");
    EXPECT_NE(name, "after");
    if (event.value("cat", "") == "user_annotation") ranges += name == "ProfilerStep#7" || name == "forward";
    if (name == "aten::mm") {
      ++products;
      EXPECT_EQ(event["args"]["Input Dims"], (Json{{3, 5}, {5, 2}}));
    }
  }
  EXPECT_EQ(ranges, 2);
  EXPECT_EQ(products, 1);
}

TEST(ProfilerTest, AFolderThatIsNotThereIsSaid) {
  Profiler profiler;
  EXPECT_THROW(profiler.write("/nowhere/at/all/trace.json"), DataError);
}

}  // namespace
}  // namespace hasten
