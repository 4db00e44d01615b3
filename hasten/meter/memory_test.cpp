// Memory of this process, and an allocator that keeps what it has.
#include "hasten/meter/memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace hasten {
namespace {

TEST(MemoryTest, ResidentMemoryFollowsUse) {
  constexpr int64_t kSize = 64 << 20;
  const int64_t before = resident_bytes();
  EXPECT_GT(before, 1 << 20);
  {
    std::unique_ptr<char[]> buffer(new char[kSize]);
    std::memset(buffer.get(), 1, kSize);
    asm volatile("" : : "r"(buffer.get()) : "memory");
    EXPECT_GT(resident_bytes(), before + kSize / 2);
  }
  EXPECT_GE(peak_resident_bytes(), before + kSize / 2);
  EXPECT_LE(resident_bytes(), peak_resident_bytes() + (1 << 20));
}

TEST(MemoryTest, ATunedAllocatorKeepsLargeBuffers) {
  tune_allocator();
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_TRUE(allocator_keeps_memory());
#endif
}

}  // namespace
}  // namespace hasten
