// A run directory being written: record, events, checkpoints.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/tensorboard_log.h"
#include "hasten/train/checkpoint.h"

namespace hasten {

class RunWriter {
 public:
  // Checks `directory` without writing: a new run must not meet an old one, a resumed run must find one of the same
  // recipe. Throws ConfigError.
  RunWriter(std::filesystem::path directory, const std::string& recipe_hash, bool resume);

  void create();                                    // a new run
  void resume(int64_t events_offset, int64_t step); // continues; what came after the checkpoint is cut off
  // The newest checkpoint that is whole, or nullptr if the run was killed before its first. Throws DataError when all
  // are broken, and ConfigError when they belong to another recipe or seed.
  std::unique_ptr<CheckpointReader> newest_checkpoint(const std::string& recipe_hash, uint64_t seed) const;

  void write(const evaluate::RunRecord& record);
  evaluate::RunRecord record() const;  // as it was written last
  void append(const evaluate::EventRecord& event) {
    events_->append(event);
    tensorboard_->append(event);
  }
  int64_t offset() const { return events_->offset(); }
  // Makes events durable first, so that a checkpoint never knows more than they do.
  void save(const CheckpointInfo& info, int64_t keep, const EnumerateState& state);

 private:
  std::filesystem::path directory_;
  std::unique_ptr<evaluate::EventLog> events_;
  std::unique_ptr<evaluate::TensorboardLog> tensorboard_;
};

}  // namespace hasten
