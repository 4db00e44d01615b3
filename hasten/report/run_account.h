// What a finished run's accounting says, for people and machines.
#pragma once

#include <string>

#include "hasten/base/json_fwd.h"
#include "hasten/diagnose/run_account.h"

namespace hasten::report {

std::string run_account_text(const diagnose::RunAccount& account, const evaluate::RunRecord& record);
Json run_account_json(const diagnose::RunAccount& account);

}  // namespace hasten::report
