// What a diagnosis by experiments found, for a terminal, for machines and for a browser; and how it is decided.
#pragma once

#include <string>

#include "hasten/base/json_fwd.h"
#include "hasten/diagnose/examination.h"

namespace hasten::report {

std::string diagnosis_text(const diagnose::Examination& found);
// Everything, raw rounds included. Times in seconds a step; null where nothing is known.
Json diagnosis_json(const diagnose::Examination& found);
std::string diagnosis_csv(const diagnose::Examination& found);  // a line a window
// Self-contained, opens offline. Nothing from names can become markup.
std::string diagnosis_page(const diagnose::Examination& found);

// The experiments, the procedure, the limits and the prediction rule, from the tables that diagnose itself uses.
std::string diagnosis_explanation();
Json diagnosis_explanation_json();

}  // namespace hasten::report
