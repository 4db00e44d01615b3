// Two programs that look like one: `hasten` holds the commands that need no LibTorch and starts at once, `hasten-engine`
// holds all commands. What the first does not have, it hands over.
#pragma once

#include <string>
#include <string_view>

namespace hasten::cli {

// Goes on as `program`, which lies beside this one. Does not return; throws ConfigError if it cannot be started.
[[noreturn]] void hand_over(std::string_view program, char** argv);

// In the program that was started so: what to say if the one that started it is of another build, else nothing. Asked a second time
// it says nothing, and nor do processes that are started from then on.
std::string other_build();

}  // namespace hasten::cli
