// Tensors to and from safetensors files.
#include "hasten/nn/stored_tensor.h"

#include <ATen/ops/empty.h>

#include <array>
#include <cstring>

#include "hasten/base/error.h"

namespace hasten {
namespace {

struct TypeName {
  at::ScalarType type;
  std::string_view name;
};
constexpr std::array<TypeName, 10> kStorable{{{at::kFloat, "F32"},
                                              {at::kDouble, "F64"},
                                              {at::kBFloat16, "BF16"},
                                              {at::kHalf, "F16"},
                                              {at::kLong, "I64"},
                                              {at::kInt, "I32"},
                                              {at::kShort, "I16"},
                                              {at::kChar, "I8"},
                                              {at::kByte, "U8"},
                                              {at::kBool, "BOOL"}}};

const TypeName* storable(at::ScalarType type) {
  for (const TypeName& entry : kStorable) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

}  // namespace

bool is_storable(at::ScalarType type) { return storable(type) != nullptr; }

void store(SafetensorsWriter& writer, const std::string& name, const at::Tensor& value) {
  const TypeName* entry = storable(value.scalar_type());
  HASTEN_CHECK(entry != nullptr, "a tensor of a type that files do not hold: " + name);
  const at::Tensor host = value.detach().cpu().contiguous();
  writer.add(name, entry->name, host.sizes().vec(), {static_cast<const char*>(host.const_data_ptr()), host.nbytes()});
}

at::Tensor load(const SafetensorsFile& file, const std::string& name, const StoredTensor& stored) {
  for (const TypeName& entry : kStorable) {
    if (stored.type != entry.name) continue;
    at::Tensor value = at::empty(stored.shape, entry.type);
    // Copied, because a file promises no alignment.
    if (!stored.bytes.empty()) std::memcpy(value.mutable_data_ptr(), stored.bytes.data(), stored.bytes.size());
    return value;
  }
  throw DataError(file.path().string(), "tensor '" + name + "'", "of type " + stored.type + ", which is not supported");
}

}  // namespace hasten
