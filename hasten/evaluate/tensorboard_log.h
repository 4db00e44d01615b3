// The events of a run once more, as TensorBoard reads them.
#pragma once

#include <filesystem>

#include "hasten/base/files.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

// Writes events.out.tfevents.hasten beside events.jsonl. Each event becomes scalars at its step: metrics as "split/name"
// ("test/accuracy", with the weights behind it where they are not those that are trained), and "progress/..." for the rest.
class TensorboardLog {
 public:
  // Begins with what events.jsonl holds already, so that after a restart both say the same.
  explicit TensorboardLog(const std::filesystem::path& directory);
  void append(const EventRecord& event);

  static constexpr const char* kFile = "events.out.tfevents.hasten";

 private:
  AppendFile file_;
  double start_ = 0;  // Unix time at which t_total was 0
};

}  // namespace hasten::evaluate
