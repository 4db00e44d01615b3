// One line on stderr that shows how far a command is.
#include "hasten/cli/data/progress_line.h"

#include <iostream>

#include "hasten/base/clock.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"

namespace hasten::cli {

void ProgressLine::show(const std::string& line, bool at_once) {
  constexpr int64_t kRedrawNs = 100'000'000;
  if (!stderr_is_terminal() || (drawn_ && !at_once && now_ns() - drawn_ns_ < kRedrawNs)) return;
  drawn_ns_ = now_ns();
  drawn_ = true;
  std::cerr << "\r" << line << "\033[K" << std::flush;
}

void ProgressLine::show(double fraction, const std::string& text) {
  show(cat(label_, " ", fixed(fraction * 100, 0), "%  ", text));
}

void ProgressLine::clear() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
  drawn_ = false;
}

std::string byte_text(uint64_t bytes) {
  std::string text = bytes < 1000 ? std::to_string(bytes) : si(static_cast<double>(bytes));
  const size_t unit = text.find_first_not_of("0123456789.");
  return unit == std::string::npos ? text + " B" : text.insert(unit, " ") + "B";
}

std::string count_text(uint64_t count, const char* one, const char* several) {
  return cat(count, " ", count == 1 ? one : several);
}

}  // namespace hasten::cli
