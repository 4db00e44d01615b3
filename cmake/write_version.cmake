# Writes version.cpp when the commit has changed: cmake -DSOURCE=... -DVERSION=... -DBUILD=... -DOUTPUT=... -P this
# The commit is git's where the sources are a repository of their own, and not unpacked within another; else what
# tools/device-bundle wrote beside them.
set(commit "unknown")
set(changed false)
execute_process(COMMAND git -C "${SOURCE}" rev-parse --show-toplevel HEAD OUTPUT_VARIABLE answer
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
file(REAL_PATH "${SOURCE}" source)
if(NOT failed AND answer MATCHES "^(.+)\n([0-9a-f]+)$" AND CMAKE_MATCH_1 STREQUAL source)
  set(commit "${CMAKE_MATCH_2}")
  execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
  if(changes)
    set(changed true)
  endif()
elseif(EXISTS "${SOURCE}/.commit")
  file(READ "${SOURCE}/.commit" answer)
  if(answer MATCHES "^([0-9a-f]+) (clean|changed)\n$")
    set(commit "${CMAKE_MATCH_1}")
    if(CMAKE_MATCH_2 STREQUAL "changed")
      set(changed true)
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[// Made by cmake/write_version.cmake. Do not edit.
#include "hasten/base/version.h"

namespace hasten {
std::string version_text() { return "@VERSION@"; }
std::string commit_text() { return "@commit@"; }
bool built_with_changes() { return @changed@; }
std::string build_name() {
  return version_text() + " (" + commit_text().substr(0, 12) + (built_with_changes() ? ", with changes" : "") + ")";
}
std::string build_text() { return "@BUILD@"; }
}  // namespace hasten
]])
