// Checkpoints: one file in the safetensors layout (8-byte length, JSON header, raw tensors), so any reader of that
// format opens it. The last tensor holds the XXH3 of all bytes before it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hasten/core/state_visitor.h"

namespace hasten {

constexpr int kCheckpointVersion = 1;

// What a checkpoint says besides the state; in the header's metadata.
struct CheckpointInfo {
  std::string recipe_hash;
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t generation = 0;      // of the plan
  int64_t events_offset = 0;   // bytes of events.jsonl that belong to it
};

using EnumerateState = std::function<void(StateVisitor&)>;

// Writes the state to a temporary name, syncs, renames. Throws DataError (a full disk, ...) and leaves older files.
void save_checkpoint(const std::filesystem::path& path, const CheckpointInfo& info, const EnumerateState& state);

// Reads and verifies everything before it changes anything. Throws DataError: truncated, corrupt, of a newer version,
// or with other tensors than the state enumerates.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::filesystem::path& path);
  CheckpointReader(const std::filesystem::path& path, std::string bytes);  // that were read from it
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;
  const CheckpointInfo& info() const { return info_; }
  // kAll: `state` enumerates everything that the file holds; kPart: some of it. `device` is that of tensors that are
  // undefined as yet; the others stay where they are.
  enum class Extent { kAll, kPart };
  void restore(const EnumerateState& state, Extent extent = Extent::kAll, at::Device device = at::kCPU) const;

 private:
  struct Contents;
  std::filesystem::path path_;
  CheckpointInfo info_;
  std::unique_ptr<Contents> contents_;
};

// checkpoints/step-000001234.safetensors, by step.
std::filesystem::path checkpoint_path(const std::filesystem::path& run, int64_t step);
std::vector<std::filesystem::path> list_checkpoints(const std::filesystem::path& run);
// The newest that is whole, or nullptr if there is none; `skipped` is told which newer ones are broken, and how. Throws
// DataError when all are broken, and for one of a newer version, which is not broken.
std::unique_ptr<CheckpointReader> newest_checkpoint(const std::filesystem::path& run,
                                                    std::vector<std::string>* skipped = nullptr);
void remove_checkpoints(const std::filesystem::path& run);
// Those beyond `step`, which were passed over, are called NAME.broken: they count no more when old ones are removed.
void set_newer_checkpoints_aside(const std::filesystem::path& run, int64_t step);
void remove_old_checkpoints(const std::filesystem::path& run, int64_t keep);

}  // namespace hasten
