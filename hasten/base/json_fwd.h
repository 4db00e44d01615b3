// The name of the JSON type, for headers that only pass it on.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace hasten {

using Json = nlohmann::ordered_json;

}  // namespace hasten
