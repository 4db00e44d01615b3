// The header of numpy's .npy files: what the array is and where its values begin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/loader/formats/input.h"

namespace hasten {

struct NpyHeader {
  std::string type;               // "|u1", "<u2", "<i8": order, kind, bytes
  std::vector<uint64_t> shape;
  uint64_t data = 0;              // the byte where the values begin
  uint64_t value_bytes = 0;       // of one value
  uint64_t count = 0;             // of values
};

// Throws DataError for other files, arrays in Fortran's order, Python objects (which are pickled: code, not data),
// structured or big-endian values, and files that are not as long as they should be.
NpyHeader read_npy_header(const InputFile& file);
bool begins_like_npy(const std::filesystem::path& path);
// All values of a one-dimensional array of whole numbers from 0 up to `most`.
std::vector<int32_t> read_npy_labels(const std::filesystem::path& path, int32_t most);

}  // namespace hasten
