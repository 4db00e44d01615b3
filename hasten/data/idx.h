// Files in the IDX format of MNIST: a magic number, sizes, and bytes; plain or compressed with gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hasten {

// An array of unsigned bytes, the last dimension fastest.
struct IdxArray {
  std::vector<int64_t> dims;
  std::shared_ptr<uint8_t[]> bytes;

  int64_t size() const;  // the product of dims
};

// Reads a file that must hold an array of these dimensions. Throws DataError with the byte where the file is not what
// it should be: magic, type, rank, sizes, too few or too many bytes, damaged compression (found by its checksum).
IdxArray read_idx(const std::filesystem::path& path, const std::vector<int64_t>& dims);

// The file of that name in the folder, as "images-idx3-ubyte" or "images.idx3-ubyte", plain or with ".gz"; an empty
// path if there is none.
std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& name);

}  // namespace hasten
