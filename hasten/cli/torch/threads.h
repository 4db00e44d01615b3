// Kernel threads of this process.
#pragma once

namespace hasten::cli {

// 0: what OMP_NUM_THREADS says, or one per core that this process may use.
void set_threads(int threads);

}  // namespace hasten::cli
