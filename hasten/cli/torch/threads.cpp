// Kernel threads of this process.
#include "hasten/cli/torch/threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>

#include "hasten/base/machine.h"

namespace hasten::cli {

int64_t kernel_threads() {
  // As other programs that use OpenMP; of a list by levels the first number counts.
  constexpr long kMost = 4096;
  const char* variable = std::getenv("OMP_NUM_THREADS");
  const long asked = variable == nullptr ? 0 : std::strtol(variable, nullptr, 10);
  return asked > 0 ? std::min(asked, kMost) : this_machine().cores;
}

void set_threads(int threads) { at::set_num_threads(threads > 0 ? threads : static_cast<int>(kernel_threads())); }

int64_t threads_of_job(int64_t threads, int64_t jobs) {
  return threads > 0 ? threads : std::max<int64_t>(1, kernel_threads() / std::max<int64_t>(1, jobs));
}

}  // namespace hasten::cli
