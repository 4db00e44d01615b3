// Many runs: what becomes of exceptions and of exit codes.
#include "hasten/study/run_launcher.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hasten {
namespace {

TEST(RunAll, AnExceptionOfWhoIsToldIsThrownAtTheEnd) {
  for (const int64_t jobs : {1, 2, 4}) {
    int told = 0;
    const auto throwing = [&told](size_t, RunEnd) {
      ++told;
      throw std::runtime_error("a full disk");
    };
    const RunLauncher finish = [](const RunRequest&) { return RunEnd::kFinished; };
    EXPECT_THROW(hasten::run_all(std::vector<RunRequest>(8), finish, jobs, throwing), std::runtime_error);
    EXPECT_GE(told, 1);
    EXPECT_LE(told, jobs);  // no further run is started
  }
}

TEST(JointExitCode, IsTheSharedOneElseTheMostTelling) {
  EXPECT_EQ(joint_exit_code(0, 0), 0);
  EXPECT_EQ(joint_exit_code(0, 2), 2);
  EXPECT_EQ(joint_exit_code(137, 0), 137);
  EXPECT_EQ(joint_exit_code(137, 137), 137);
  EXPECT_EQ(joint_exit_code(2, 3), 3);
  EXPECT_EQ(joint_exit_code(1, 2), 2);
  EXPECT_EQ(joint_exit_code(137, 2), 2);
  EXPECT_EQ(joint_exit_code(137, 139), 1);
}

TEST(RunEnd, CarriesTheCodeOfAFailure) {
  EXPECT_EQ(RunEnd(RunEnd::kFinished).exit_code, 0);
  EXPECT_EQ(RunEnd(RunEnd::kInterrupted).exit_code, 0);
  EXPECT_EQ(RunEnd(RunEnd::kFailed).exit_code, 1);
  EXPECT_EQ(RunEnd::failed(3).exit_code, 3);
  EXPECT_TRUE(RunEnd::failed(3) == RunEnd::kFailed);
}

}  // namespace
}  // namespace hasten
