# Writes version.cpp when the commit has changed: cmake -DSOURCE=... -DVERSION=... -DBUILD=... -DOUTPUT=... -P this
execute_process(COMMAND git -C "${SOURCE}" rev-parse HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
set(changed false)
if(changes)
  set(changed true)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[// Made by cmake/write_version.cmake. Do not edit.
#include "hasten/base/version.h"

namespace hasten {
std::string version_text() { return "@VERSION@"; }
std::string commit_text() { return "@commit@"; }
bool built_with_changes() { return @changed@; }
std::string build_text() { return "@BUILD@"; }
}  // namespace hasten
]])
