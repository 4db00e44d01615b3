// Rows of numbers in fp32 or bf16, computed in fp32.
#pragma once

#include <cstdint>

namespace hasten::kernels {

enum class Format : uint8_t { kFp32, kBf16 };
constexpr int64_t bytes_of(Format format) { return format == Format::kFp32 ? 4 : 2; }

// Memory that holds numbers of a format.
struct Numbers {
  void* data = nullptr;
  Format format = Format::kFp32;
  void* at(int64_t index) const { return static_cast<char*>(data) + index * bytes_of(format); }
};

// Numbers index .. index + count - 1 as fp32: where they lie, or converted into `scratch`.
const float* load(const Numbers& from, int64_t index, int64_t count, float* scratch);
// Rounds to nearest, ties to even; what is no number stays none.
void store(const float* from, int64_t count, const Numbers& to, int64_t index);

// Numbers that are converted at once; a piece stays in the first cache.
constexpr int64_t kPiece = 1024;

}  // namespace hasten::kernels
