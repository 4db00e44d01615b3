// For the sources that use tile registers: their instructions, where the compiler has them.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
// The compiler's own headers warn of what they leave open on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#define HASTEN_TILES __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define HASTEN_TILES_INLINE HASTEN_TILES inline __attribute__((always_inline))
#endif
