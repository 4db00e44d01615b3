// Every method's spec, from the lines of the CMakeLists.txt files. No LibTorch.
#pragma once

#include <vector>

#include "hasten/spec/method_spec.h"

namespace hasten {

std::vector<MethodSpec> method_specs();

}  // namespace hasten
