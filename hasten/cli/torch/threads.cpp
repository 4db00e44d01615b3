// Kernel threads of this process.
#include "hasten/cli/torch/threads.h"

#include <ATen/Parallel.h>

#include "hasten/base/machine.h"

namespace hasten::cli {

void set_threads(int threads) { at::set_num_threads(threads > 0 ? threads : static_cast<int>(this_machine().cores)); }

}  // namespace hasten::cli
