// LibTorch's word for a tensor that does not fit.
#pragma once

namespace c10 {
class Error;
}  // namespace c10

namespace hasten {

// On any device: the CPU's allocator throws an error like all others, which only its text tells.
bool is_out_of_memory(const c10::Error& error);

}  // namespace hasten
