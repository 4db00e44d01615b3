// Who works on which sample: tickets are handed out in order, their results wait in a ring of slots until it is their
// turn. Private to the loader.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "hasten/loader/loader.h"

namespace hasten {

struct Ticket {
  int64_t number = -1;
  SampleKey key;
};

class TicketBoard {
 public:
  TicketBoard(int64_t slots, uint64_t seed, int64_t cached_subset);

  void append(OrderSegment segment);
  int64_t ahead() const;

  // Up to `most` tickets for a worker, in order; waits while there are none. False: the loader ends. `waiting` is told
  // which stage the wait is.
  bool claim(std::vector<Ticket>& out, int64_t most, StageClock& clock);
  // As many as are there now, without waiting. The stage that a wait for more would be.
  Stage claim_now(std::vector<Ticket>& out, int64_t most);

  // The first of two readers of a record gets the right to fill the slot.
  bool begin_work(int64_t ticket);
  // The slot is filled, or has an error.
  void finish(int64_t ticket, const LoadedSample& sample, std::exception_ptr error);

  // Waits until the ticket is finished, at most so long; false: not yet. `reading`: whether it is still being read.
  bool await(int64_t ticket, int64_t most_ns, bool& reading);
  LoadedSample result(int64_t ticket) const;  // throws the sample's error
  const LoadedSample& last(int64_t ticket) const;  // what was in the slot before; for who has begun to work
  bool finished(int64_t first, int64_t count) const;  // all of these
  void pause(bool paused);  // none is handed out meanwhile
  void release(int64_t end);  // all tickets before `end` are free
  void stop();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  int64_t taken = 0;  // tickets that went to the consumer; its thread only
  int64_t slot_of(int64_t ticket) const { return ticket % slots(); }
  int64_t slots() const { return static_cast<int64_t>(slots_.size()); }
  // Called (with no lock held) when tickets may have become available; for a thread that waits elsewhere.
  void on_available(std::function<void()> listener) { listener_ = std::move(listener); }
  SampleKey key(int64_t ticket) const;

 private:
  struct Slot {
    std::atomic<int64_t> state{-1};  // 4 * ticket + phase
    LoadedSample sample;
    std::exception_ptr error;
  };
  struct Segment {
    int64_t first;
    OrderSegment order;
  };
  enum Phase : int64_t { kReading = 0, kWorking = 1, kReady = 2 };
  SampleKey key_locked(int64_t ticket) const;
  int64_t limit_locked() const;
  void claim_locked(std::vector<Ticket>& out, int64_t most);

  uint64_t seed_;
  int64_t cached_subset_;
  std::vector<Slot> slots_;
  mutable std::mutex mutex_;
  std::condition_variable available_, finished_;
  std::deque<Segment> segments_;
  int64_t planned_ = 0, next_ = 0, released_ = 0;
  int waiting_ = 0;
  bool paused_ = false;
  std::atomic<int64_t> awaited_{-1};
  std::atomic<bool> stopping_{false};
  std::function<void()> listener_;
};

}  // namespace hasten
