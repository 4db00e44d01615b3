// Kernel threads of this process.
#pragma once

namespace hasten::cli {

// 0: one per core that this process may use.
void set_threads(int threads);

}  // namespace hasten::cli
