// hasten doctor: what this machine offers and lacks.
#include <filesystem>
#include <iostream>

#include "hasten/base/json.h"
#include "hasten/cli/command.h"
#include "hasten/cli/torch/doctor.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/data/dataset.h"
#include "hasten/meter/energy.h"
#include "hasten/meter/memory.h"
#include "hasten/spec/dataset.h"

namespace hasten::cli {

DoctorFacts examine() {
  DoctorFacts facts;
  set_threads(0);
  facts.machine = this_machine();
  facts.torch = torch_build();
  facts.allocator_keeps_memory = allocator_keeps_memory();
  if (auto meter = EnergyMeter::open(facts.torch.cuda_available ? 0 : -1, facts.energy_lack))
    facts.energy_source = meter->source();
  for (const DatasetSpec& spec : dataset_specs()) {
    if (spec.params == describe<IdxParams>())
      facts.data.push_back({spec.name, find_idx_folder(spec.name, ""), spec.source});
  }
  std::error_code error;
  facts.folder = std::filesystem::current_path(error).string();
  const std::filesystem::space_info space = std::filesystem::space(facts.folder, error);
  if (!error) facts.disk_free_bytes = static_cast<int64_t>(space.available);
  return facts;
}

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("doctor", "what this machine offers for training, what it lacks, and what to do about it");
  add_json_flag(*command, context);
  command->footer("example:\n  hasten doctor --json | jq '.lacks[].advice'");
  command->callback([&context] {
    const Json report = doctor_report(examine());
    if (context.json) print_json(report);
    else std::cout << doctor_text(report);
  });
}

}  // namespace hasten::cli
