// Loops that the compiler makes of one source for several instruction sets; the processor's is chosen when the program
// starts. No LibTorch here.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
// By level of the instruction set, not by the name of a processor: a name is taken by that very model alone.
// Sanitizers are not ready yet when the choice is made.
#define HASTEN_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HASTEN_VECTORISED
#endif

// What such loops call has to become part of them, or it stays what the oldest processor can do.
#if defined(__GNUC__)
#define HASTEN_INLINE inline __attribute__((always_inline))
#else
#define HASTEN_INLINE inline
#endif
