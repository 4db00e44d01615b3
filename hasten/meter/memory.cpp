// Memory of this process.
#include "hasten/meter/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace hasten {
namespace {

int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

}  // namespace

int64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long long total = 0, resident = 0;
  const int read = std::fscanf(file, "%lld %lld", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void tune_allocator() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);      // smaller buffers come from the heap, which is kept
  mallopt(M_TRIM_THRESHOLD, 0x7fffffff);   // unless 2 GiB at its end are free
  mallopt(M_TOP_PAD, 64 << 20);            // and grows in large pieces
#endif
}

bool allocator_keeps_memory() {
  constexpr size_t kBytes = 64 << 20;
  int64_t first = 0, second = 0;
  for (int64_t* faults : {&first, &first, &second}) {
    const int64_t before = page_faults();
    void* buffer = std::malloc(kBytes);
    if (buffer == nullptr) return false;
    std::memset(buffer, 1, kBytes);
    asm volatile("" : : "r"(buffer) : "memory");  // keeps the compiler from leaving it all out
    std::free(buffer);
    *faults = page_faults() - before;
  }
  return second < 8;
}

}  // namespace hasten
