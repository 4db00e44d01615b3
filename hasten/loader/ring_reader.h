// Many reads in flight at once by io_uring, into buffers that are registered with the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/file_store.h"

namespace hasten {

// Used by one thread, which submits and waits; only wake() and give_back() may be called by others.
class RingReader {
 public:
  // Whether this system lets a process use io_uring; if not, why.
  static bool available(std::string& why);

  // `depth` reads at once, of at most `buffer_bytes` each.
  RingReader(FileStore& files, unsigned depth, size_t buffer_bytes);
  ~RingReader();

  struct Finished {
    int64_t ticket = 0;
    int buffer = -1;                  // to give back when the bytes are used
    std::span<const uint8_t> bytes;
    int error = 0;                    // errno; ENODATA for an end before all bytes
  };
  bool fits(const SampleEntry& entry) const { return entry.bytes <= buffer_bytes_; }
  unsigned free_buffers() const;
  // Begins a read; needs a free buffer.
  void submit(int64_t ticket, const SampleEntry& entry);
  // Sends what was submitted and adds what has finished to `out`. Waits until something has, until wake(), or until
  // `most_ns` have passed.
  void wait(std::vector<Finished>& out, int64_t most_ns);
  unsigned in_flight() const;
  bool registered() const;  // whether the kernel took the buffers (memory that may be locked is limited)

  void give_back(int buffer);
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  size_t buffer_bytes_;
};

}  // namespace hasten
