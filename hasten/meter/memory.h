// Memory of this process.
#pragma once

#include <cstdint>

namespace hasten {

int64_t resident_bytes();       // now
int64_t peak_resident_bytes();  // the largest so far

// Keeps freed memory instead of giving it back to the kernel after every step; without it glibc's large buffers
// page-fault anew at each use (up to 40% of an fp32 step). Call first in main.
void tune_allocator();

// Whether large buffers that were freed are reused without page faults: measured on this thread, takes some 30 ms.
bool allocator_keeps_memory();

}  // namespace hasten
