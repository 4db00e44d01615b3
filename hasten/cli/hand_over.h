// Two programs that look like one: `hasten` holds the commands that need no LibTorch and starts at once, `hasten-engine`
// holds all commands. What the first does not have, it hands over.
#pragma once

#include <string_view>

namespace hasten::cli {

// Goes on as `program`, which lies beside this one. Does not return; throws ConfigError if it cannot be started.
[[noreturn]] void hand_over(std::string_view program, char** argv);

}  // namespace hasten::cli
