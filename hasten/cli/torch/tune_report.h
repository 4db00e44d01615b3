// What a search found, as text and as JSON.
#pragma once

#include <string>

#include "hasten/base/json_fwd.h"
#include "hasten/study/tune.h"

namespace hasten::cli {

std::string tune_text(const TunePlan& plan, const TuneResult& result);
Json tune_json(const TunePlan& plan, const TuneResult& result);

// "88.12%", "diverged", "error".
std::string trial_quality_text(const TunePlan& plan, size_t side, const RungResult& result);

}  // namespace hasten::cli
