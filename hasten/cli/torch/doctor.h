// What this machine offers for training, what it lacks, and what to do about each lack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/base/machine.h"
#include "hasten/meter/torch_build.h"

namespace hasten::cli {

struct DataFact {
  std::string name, folder, how_to_get;  // folder: empty if the data set is not here
};

struct DoctorFacts {
  Machine machine;
  TorchBuild torch;
  bool allocator_keeps_memory = false;
  std::string energy_source, energy_lack;  // one may be empty, or both filled when only some counters are there
  std::vector<DataFact> data;
  std::string folder;                      // the current one
  int64_t disk_free_bytes = 0;
};

// Looks; takes a tenth of a second.
DoctorFacts examine();

// Keys machine, libtorch, allocator, energy, data, disk; and lacks: [{about, lack, advice}], the worst first.
Json doctor_report(const DoctorFacts& facts);
// The same for people.
std::string doctor_text(const Json& report);

}  // namespace hasten::cli
