// Mends packed sets: what can be read from anywhere in a damaged shard goes into a new one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hasten/loader/shards/verify.h"

namespace hasten::shards {

struct RepairedShard {
  std::filesystem::path shard, kept_as;   // the new one, and where the damaged one is now
  std::vector<Damage> damages;            // what was wrong
  uint64_t samples = 0;                   // in the new one
  std::vector<std::string> lost;          // in words: samples, names, class names, note
  bool lost_samples = false;
};

struct RepairResult {
  uint64_t shards = 0;                    // that were looked at
  std::vector<RepairedShard> repaired;
  std::vector<Damage> beyond_repair;      // shards that are missing, or of another set
  bool interrupted = false;
};

// A shard, or a folder of them. A damaged shard becomes NAME.damaged; the new one takes its name in the same moment, when
// it is on the disk: no copy is ever overwritten. Damaged samples are left out. Throws DataError as verify_shards does.
RepairResult repair_shards(const std::filesystem::path& path, const VerifyOptions& options);

}  // namespace hasten::shards
