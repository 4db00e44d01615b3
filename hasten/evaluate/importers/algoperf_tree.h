// The directory layout of AlgoPerf's logs: <submission>/study_<k>/<workload>_<framework>/trial_<j>/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hasten::evaluate {

// Names without the time stamps (-YYYY-MM-DD-hh-mm-ss) that repeated experiments carry.
struct AlgoperfTrial {
  std::filesystem::path path;
  std::string board;  // the folder that holds the submissions
  std::string submission, study, workload, framework;
  int64_t trial = 0;
  bool evaluated = false;  // eval_measurements.csv is there
};

// All trials under `root`, sorted by board, submission, workload, study and trial. A trial that lies directly in a study,
// without a workload, is passed over.
std::vector<AlgoperfTrial> find_algoperf_trials(const std::filesystem::path& root);

}  // namespace hasten::evaluate
