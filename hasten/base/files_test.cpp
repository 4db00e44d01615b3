// Atomic writes.
#include "hasten/base/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// Several threads of a study write one recipe at a time.
TEST(WriteFileAtomic, ThreadsMayWriteOneFileAtATime) {
  const fs::path folder = fs::temp_directory_path() / cat("files_test_", ::getpid());
  fs::create_directories(folder);
  const fs::path file = folder / "a.json";
  constexpr size_t kSize = 100000;
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i) {
        write_file_atomic(file, std::string(kSize, letter));
        const std::string read = read_file(file);
        if (read.size() != kSize || read.find_first_not_of(read[0]) != std::string::npos) ++torn;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1) << "something was left";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace hasten
