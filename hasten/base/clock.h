// Clocks: integer nanoseconds for durations, ISO 8601 for dates.
#pragma once

#include <cstdint>
#include <string>

namespace hasten {

int64_t now_ns();                 // monotonic; only differences mean anything
std::string utc_now();            // "2026-11-03T14:05:09Z"
std::string utc_text(int64_t unix_seconds);  // the same of another moment; "" before 1970 and after the year 9999
inline double seconds(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// A clock that can be stopped: the sum of its running spans.
class Stopwatch {
 public:
  explicit Stopwatch(int64_t start_ns = 0) : total_ns_(start_ns) {}
  void start();
  void stop();
  int64_t elapsed_ns() const;

 private:
  int64_t total_ns_;
  int64_t since_ns_ = -1;
};

}  // namespace hasten
