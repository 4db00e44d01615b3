// Where a thread's time goes: every tick of its life belongs to one stage.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hasten/base/ticks.h"

namespace hasten {

enum class Stage : uint8_t {
  kWaitInput,   // nothing to do: no sample was asked for
  kRead,        // bytes from the disk or the page cache
  kVerify,      // checksums
  kDecode,
  kAugment,
  kDeliver,     // copies and bookkeeping on the way out
  kWaitOutput,  // done ahead of the consumer: no free slot
  kDelay,       // injected by a diagnosis
};
constexpr size_t kStages = 8;
std::string_view name_of(Stage stage);

// The time of one thread. Others see it by copies that the thread hands out.
class StageClock {
 public:
  StageClock() : begin_(now_ticks()), since_(begin_) {}
  // From now on time counts for `stage`. Returns the stage before, to go back to.
  Stage enter(Stage stage) {
    const int64_t now = now_ticks();
    ticks_[static_cast<size_t>(stage_)] += now - since_;
    since_ = now;
    const Stage before = stage_;
    stage_ = stage;
    return before;
  }
  int64_t ticks(Stage stage) const { return ticks_[static_cast<size_t>(stage)]; }
  int64_t ns(Stage stage) const { return static_cast<int64_t>(static_cast<double>(ticks(stage)) * ns_per_tick()); }
  void add_bytes(Stage stage, uint64_t bytes) { bytes_[static_cast<size_t>(stage)] += bytes; }
  // What the stages add up to, exactly: from the start to the last change of stage.
  int64_t lifetime_ticks() const { return since_ - begin_; }
  uint64_t bytes(Stage stage) const { return bytes_[static_cast<size_t>(stage)]; }

 private:
  std::array<int64_t, kStages> ticks_{};
  std::array<uint64_t, kStages> bytes_{};
  int64_t begin_, since_;
  Stage stage_ = Stage::kWaitInput;
};

}  // namespace hasten
