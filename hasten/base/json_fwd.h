// The name of the JSON type, for headers: json.h brings the whole library.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace hasten {
using Json = nlohmann::ordered_json;
}  // namespace hasten
