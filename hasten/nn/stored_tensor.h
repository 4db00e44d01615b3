// Tensors to and from safetensors files.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "hasten/base/safetensors.h"

namespace hasten {

// Whether files can hold tensors of this type.
bool is_storable(at::ScalarType type);
// Values in logical order, so strides do not enter the file. Throws InternalError for a type that is not storable.
void store(SafetensorsWriter& writer, const std::string& name, const at::Tensor& value);
// A tensor of its own. Throws DataError for a type that cannot be loaded.
at::Tensor load(const SafetensorsFile& file, const std::string& name, const StoredTensor& stored);

}  // namespace hasten
