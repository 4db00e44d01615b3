// What nobody knows yet, as JSON and for a terminal.
#pragma once

#include "hasten/cli/method_verdicts.h"

namespace hasten::cli {

void show_gaps(const Gaps& gaps, bool json);

}  // namespace hasten::cli
