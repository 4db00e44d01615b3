// Ctrl-C.
#include "hasten/cli/interrupt.h"

#include <csignal>

namespace hasten::cli {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int signal) {
  if (stop_requested.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

const std::atomic<bool>* catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return &stop_requested;
}

}  // namespace hasten::cli
