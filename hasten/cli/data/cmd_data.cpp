// hasten data: data sets, as files. Its subcommands stand in files of their own.
#include "hasten/cli/data/data_command.h"

namespace hasten::cli {

void add_data(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("data", "fetch, pack, check and measure data sets");
  command->require_subcommand(1);
  add_data_bench(*command, context);
  add_data_list(*command, context);
  add_data_fetch(*command, context);
  add_data_pack(*command, context);
  add_data_inspect(*command, context);
  add_data_verify(*command, context);
  add_data_repair(*command, context);
  add_data_stats(*command, context);
}

}  // namespace hasten::cli
