// Kernel threads of this process.
#include "hasten/cli/torch/threads.h"

#include <ATen/Parallel.h>

#include <cstdlib>

#include "hasten/base/machine.h"

namespace hasten::cli {

void set_threads(int threads) {
  // As other programs that use OpenMP; of a list by levels the first number counts.
  const char* variable = std::getenv("OMP_NUM_THREADS");
  if (threads <= 0 && variable != nullptr) threads = std::atoi(variable);
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(this_machine().cores));
}

}  // namespace hasten::cli
