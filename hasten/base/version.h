// What this program was built from.
#pragma once

#include <string>

namespace hasten {

std::string version_text();   // "0.1.0"
std::string commit_text();    // the git commit at configure time, or "unknown"
bool built_with_changes();    // whether the tree differed from that commit
std::string build_name();     // "0.1.0 (d5e6b11ef5ea, with changes)"
std::string build_text();     // compiler, type, flags

}  // namespace hasten
