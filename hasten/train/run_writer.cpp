// A run directory being written.
#include "hasten/train/run_writer.h"

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

// What a killed process was about to write (write_file_atomic), and nobody will finish: NAME.tmp and its thread's number.
void remove_unfinished(const std::filesystem::path& directory) {
  if (!std::filesystem::is_directory(directory)) return;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string ending = entry.path().extension().string();
    const bool unfinished = ending.rfind(".tmp", 0) == 0 && ending.size() > 4 &&
                            ending.find_first_not_of("0123456789", 4) == std::string::npos;
    if (unfinished && entry.is_regular_file()) std::filesystem::remove(entry.path());
  }
}

}  // namespace

RunWriter::RunWriter(std::filesystem::path directory, const std::string& recipe_hash, bool resume)
    : directory_(std::move(directory)) {
  const std::string where = directory_.string();
  if (!resume) {
    if (std::filesystem::exists(directory_ / "run.json")) {
      throw ConfigError("--out", "a directory without a run", "'" + where + "', which holds one",
                        "continue it with --resume, or choose another directory");
    }
    return;
  }
  if (!std::filesystem::exists(directory_ / "run.json")) {
    throw ConfigError("--resume", "a directory that holds a run", "'" + where + "'", "leave --resume out to start one");
  }
  const std::string found = record().recipe_hash;
  if (found != recipe_hash) {
    throw ConfigError("--resume", "the recipe of the run (" + found + ")", "another one (" + recipe_hash + ")",
                      "resume with the recipe that started it: its run.json holds it");
  }
  remove_unfinished(directory_);
  remove_unfinished(directory_ / "checkpoints");
}

void RunWriter::create() {
  std::filesystem::create_directories(directory_ / "checkpoints");
  events_ = std::make_unique<evaluate::EventLog>(directory_);
  tensorboard_ = std::make_unique<evaluate::TensorboardLog>(directory_);
}

void RunWriter::resume(int64_t events_offset, int64_t step) {
  events_ = std::make_unique<evaluate::EventLog>(directory_, events_offset, step);
  tensorboard_ = std::make_unique<evaluate::TensorboardLog>(directory_);
}

std::unique_ptr<CheckpointReader> RunWriter::newest_checkpoint(const std::string& recipe_hash, uint64_t seed) const {
  std::unique_ptr<CheckpointReader> found = hasten::newest_checkpoint(directory_);
  if (found == nullptr) return nullptr;
  if (found->info().recipe_hash != recipe_hash) {
    throw ConfigError("--resume", "a checkpoint of this recipe (" + recipe_hash + ")",
                      "one of " + found->info().recipe_hash);
  }
  if (found->info().seed != seed) {
    throw ConfigError("--seed", cat("the seed of the run, ", found->info().seed), std::to_string(seed),
                      "leave --seed out when resuming");
  }
  return found;
}

void RunWriter::write(const evaluate::RunRecord& record) { evaluate::write_run_record(directory_, record); }

evaluate::RunRecord RunWriter::record() const {
  return evaluate::record_from_json(read_json(directory_ / "run.json"), directory_ / "run.json");
}

void RunWriter::save(const CheckpointInfo& info, int64_t keep, const EnumerateState& state) {
  events_->sync();
  save_checkpoint(checkpoint_path(directory_, info.step), info, state);
  remove_old_checkpoints(directory_, keep);
}

}  // namespace hasten
