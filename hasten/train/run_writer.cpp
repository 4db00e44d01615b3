// A run directory being written.
#include "hasten/train/run_writer.h"

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

// What a killed process was about to write, and nobody will finish.
void remove_unfinished(const std::filesystem::path& directory) {
  if (!std::filesystem::is_directory(directory)) return;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (is_unfinished_file(entry.path()) && entry.is_regular_file()) std::filesystem::remove(entry.path());
  }
}

// A run's directory is its own: 'runs rm' removes what is in it.
void refuse_others_files(const std::filesystem::path& directory) {
  if (!std::filesystem::is_directory(directory)) return;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (evaluate::is_run_file(entry.path())) continue;
    throw ConfigError("--out", "an empty or new directory",
                      cat("'", directory.string(), "', which holds ", entry.path().filename().string()),
                      "a run has a directory of its own; choose another one");
  }
}

void require_seed(uint64_t found, uint64_t given) {
  if (found == given) return;
  throw ConfigError("--seed", cat("the seed of the run, ", found), std::to_string(given),
                    cat("leave --seed out when resuming, or say --seed ", found));
}

}  // namespace

RunWriter::RunWriter(std::filesystem::path directory, const std::string& recipe_hash, uint64_t seed, bool resume)
    : directory_(std::move(directory)) {
  if (!resume) {
    refuse_old_run();
    return;
  }
  if (!std::filesystem::exists(directory_ / "run.json")) {
    throw ConfigError("--resume", "a directory that holds a run", "'" + directory_.string() + "'",
                      "leave --resume out to start one");
  }
  lock_.emplace(directory_, "run");
  const evaluate::RunRecord found = record();
  if (found.recipe_hash != recipe_hash) {
    throw ConfigError("--resume", "the recipe of the run (" + found.recipe_hash + ")",
                      "another one (" + recipe_hash + ")",
                      "resume with the recipe that started it: its run.json holds it");
  }
  if (found.seed) require_seed(static_cast<uint64_t>(*found.seed), seed);
  remove_unfinished(directory_);
  remove_unfinished(directory_ / "checkpoints");
}

void RunWriter::refuse_old_run() const {
  namespace fs = std::filesystem;
  for (fs::path place = fs::absolute(directory_).lexically_normal(); place.has_relative_path();
       place = place.parent_path()) {
    if (!fs::exists(place)) continue;
    if (!fs::is_directory(place))
      throw ConfigError("--out", "a directory",
                        "'" + directory_.string() + "', and '" + place.string() + "' is a file");
    break;
  }
  if (!fs::exists(directory_ / "run.json")) {
    refuse_others_files(directory_);
    return;
  }
  throw ConfigError("--out", "a directory without a run", "'" + directory_.string() + "', which holds one",
                    "continue it with --resume, or choose another directory");
}

void RunWriter::create() {
  std::filesystem::create_directories(directory_ / "checkpoints");
  if (!lock_) {
    lock_.emplace(directory_, "run");
    refuse_old_run();  // another process may have been here since the constructor
  }
  remove_checkpoints(directory_);
  events_ = std::make_unique<evaluate::EventLog>(directory_);
  tensorboard_ = std::make_unique<evaluate::TensorboardLog>(directory_);
}

void RunWriter::resume(int64_t events_offset, int64_t step) {
  set_newer_checkpoints_aside(directory_, step);
  events_ = std::make_unique<evaluate::EventLog>(directory_, events_offset, step);
  tensorboard_ = std::make_unique<evaluate::TensorboardLog>(directory_);
}

std::unique_ptr<CheckpointReader> RunWriter::newest_checkpoint(const std::string& recipe_hash, uint64_t seed,
                                                               std::vector<std::string>& skipped) const {
  std::unique_ptr<CheckpointReader> found = hasten::newest_checkpoint(directory_, &skipped);
  if (found == nullptr) return nullptr;
  if (found->info().recipe_hash != recipe_hash) {
    throw ConfigError("--resume", "a checkpoint of this recipe (" + recipe_hash + ")",
                      "one of " + found->info().recipe_hash);
  }
  require_seed(found->info().seed, seed);
  return found;
}

void RunWriter::write(const evaluate::RunRecord& record) { evaluate::write_run_record(directory_, record); }

void RunWriter::finish(const evaluate::RunRecord& record) {
  write(record);
  lock_.reset();
}

evaluate::RunRecord RunWriter::record() const {
  return evaluate::record_from_json(read_json(directory_ / "run.json"), directory_ / "run.json");
}

void RunWriter::save(const CheckpointInfo& info, int64_t keep, const EnumerateState& state) {
  events_->sync();
  save_checkpoint(checkpoint_path(directory_, info.step), info, state);
  remove_old_checkpoints(directory_, keep);
}

}  // namespace hasten
