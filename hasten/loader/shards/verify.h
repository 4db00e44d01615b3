// Checks every byte of packed sets.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hasten/loader/shards/damage.h"
#include "hasten/loader/shards/survey.h"

namespace hasten::shards {

struct VerifyOptions {
  int threads = 0;                          // 0: all cores
  const std::atomic<bool>* stop = nullptr;  // set from outside: end early
  std::function<void(uint64_t bytes, uint64_t of)> progress;
};

struct VerifyResult {
  uint64_t shards = 0, samples = 0, bytes = 0;
  std::vector<Damage> damages;      // in the order of the files, then as they stand in them
  std::vector<std::string> notes;   // what is no damage: leftovers of a killed pack, a pack that is not finished
  bool interrupted = false;
};

// Frames, records and the padding between them; damages are added to those of `survey`, which are then in the
// order of the file. Returns for each of its entries whether the record is good.
std::vector<bool> check_records(const InputFile& file, Survey& survey, const VerifyOptions& options);

// A shard, or a folder of them. Throws DataError where there are none, or where they need a newer program.
VerifyResult verify_shards(const std::filesystem::path& path, const VerifyOptions& options);

}  // namespace hasten::shards
