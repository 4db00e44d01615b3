// hasten data: one file a subcommand, or a few that belong together.
#pragma once

#include "hasten/cli/command.h"

namespace hasten::cli {

void add_data_bench(CLI::App& data, Context& context);
void add_data_list(CLI::App& data, Context& context);
void add_data_fetch(CLI::App& data, Context& context);
void add_data_pack(CLI::App& data, Context& context);
void add_data_inspect(CLI::App& data, Context& context);
void add_data_verify(CLI::App& data, Context& context);
void add_data_repair(CLI::App& data, Context& context);
void add_data_stats(CLI::App& data, Context& context);

}  // namespace hasten::cli
