// How often operators are called while a recipe trains.
#pragma once

#include <string_view>

#include "hasten/train/test_run.h"

namespace hasten {

int64_t calls_in(const Json& recipe, const Registry& registry, bool (*counts)(std::string_view name));

}  // namespace hasten
