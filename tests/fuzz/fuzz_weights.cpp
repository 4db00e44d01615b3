// Fuzzes the reader of safetensors files: whatever the bytes are, the answer is tensors whose bytes lie in the file, one
// behind the other, or a DataError with the place.
#include <cstdint>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/base/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const hasten::SafetensorsFile file("f.safetensors", std::string(reinterpret_cast<const char*>(data), size));
    size_t used = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      used += tensor.bytes.size();
      if (tensor.bytes.empty()) continue;
      if (tensor.bytes.data() < file.bytes().data()) std::abort();
      if (tensor.bytes.data() + tensor.bytes.size() > file.bytes().data() + file.bytes().size()) std::abort();
    }
    if (used > file.bytes().size()) std::abort();
  } catch (const hasten::DataError& error) {
    if (error.location().empty()) std::abort();
  }
  return 0;
}
