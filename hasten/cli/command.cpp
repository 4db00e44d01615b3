// What every command shares.
#include "hasten/cli/command.h"

#include <unistd.h>

#include <iostream>

#include "hasten/base/json.h"

namespace hasten::cli {

void print_json(const Json& json) { std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n"; }

void add_json_flag(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "print the result as JSON, for machines");
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }

}  // namespace hasten::cli
