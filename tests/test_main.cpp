// The main of all test programs: GoogleTest's own, with an exit code that says when cases were skipped. CTest runs a suite
// as one process; without this a suite that skipped half of its cases would look as if all had passed.
#include <gtest/gtest.h>

namespace {

constexpr int kSkipped = 77;  // SKIP_RETURN_CODE of cmake/HastenSuites.cmake

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int code = RUN_ALL_TESTS();
  return code == 0 && testing::UnitTest::GetInstance()->skipped_test_count() > 0 ? kSkipped : code;
}
