// Kernel threads of this process.
#pragma once

#include <cstdint>

namespace hasten::cli {

// Those that kernels have where nobody says: OMP_NUM_THREADS, or one for each core that this process may use.
int64_t kernel_threads();

// 0: kernel_threads().
void set_threads(int threads);

// Of each of `jobs` runs beside each other; 0: kernel_threads() divided among them.
int64_t threads_of_job(int64_t threads, int64_t jobs);

}  // namespace hasten::cli
