// Ctrl-C: finish what is at hand, save, exit 130. A second one ends at once.
#pragma once

#include <atomic>

namespace hasten::cli {

// Installs the handler for SIGINT and SIGTERM and returns the flag that it sets.
const std::atomic<bool>* catch_interrupts();

}  // namespace hasten::cli
