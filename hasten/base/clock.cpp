// Clocks.
#include "hasten/base/clock.h"

#include <array>
#include <chrono>
#include <ctime>

namespace hasten {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string utc_now() { return utc_text(static_cast<int64_t>(std::time(nullptr))); }

std::string utc_text(int64_t unix_seconds) {
  constexpr int64_t kYear10000 = 253402300800;
  if (unix_seconds < 0 || unix_seconds >= kYear10000) return "";
  auto now = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer.data();
}

void Stopwatch::start() {
  if (since_ns_ < 0) since_ns_ = now_ns();
}

void Stopwatch::stop() {
  if (since_ns_ < 0) return;
  total_ns_ += now_ns() - since_ns_;
  since_ns_ = -1;
}

int64_t Stopwatch::elapsed_ns() const { return total_ns_ + (since_ns_ < 0 ? 0 : now_ns() - since_ns_); }

}  // namespace hasten
