// A run directory being written: record, events, checkpoints.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/directory_lock.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/tensorboard_log.h"
#include "hasten/train/checkpoint.h"

namespace hasten {

class RunWriter {
 public:
  // Checks `directory` without writing: a new run must not meet an old one, a resumed run must find one of the same
  // recipe and seed that no other process is writing. Throws ConfigError.
  RunWriter(std::filesystem::path directory, const std::string& recipe_hash, uint64_t seed, bool resume);

  // A new run, or one that was killed before its first checkpoint. Checkpoints whose record is gone go, too: resuming
  // would take them for this run's. Throws ConfigError when another process came first.
  void create();
  void resume(int64_t events_offset, int64_t step);  // continues; what came after the checkpoint is cut off
  bool is_open() const { return events_ != nullptr; }  // created or resumed
  // The newest checkpoint that is whole, or nullptr if the run was killed before its first; `skipped` is told what was
  // passed over. Throws DataError when all are broken, and ConfigError when they belong to another recipe or seed.
  std::unique_ptr<CheckpointReader> newest_checkpoint(const std::string& recipe_hash, uint64_t seed,
                                                      std::vector<std::string>& skipped) const;

  void write(const evaluate::RunRecord& record);
  void finish(const evaluate::RunRecord& record);  // written for the last time: others may have the directory
  evaluate::RunRecord record() const;  // as it was written last
  void append(const evaluate::EventRecord& event) {
    events_->append(event);
    tensorboard_->append(event);
  }
  int64_t offset() const { return events_->offset(); }
  // Makes events durable first, so that a checkpoint never knows more than they do.
  void save(const CheckpointInfo& info, int64_t keep, const EnumerateState& state);

 private:
  void refuse_old_run() const;

  std::filesystem::path directory_;
  std::optional<DirectoryLock> lock_;  // from create(), or from the constructor of a resumed run, to finish()
  std::unique_ptr<evaluate::EventLog> events_;
  std::unique_ptr<evaluate::TensorboardLog> tensorboard_;
};

}  // namespace hasten
