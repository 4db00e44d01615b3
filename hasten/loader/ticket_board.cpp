// Who works on which sample.
#include "hasten/loader/ticket_board.h"

#include <algorithm>
#include <chrono>

#include "hasten/base/error.h"

namespace hasten {

TicketBoard::TicketBoard(int64_t slots, uint64_t seed, int64_t cached_subset)
    : seed_(seed), cached_subset_(cached_subset), slots_(static_cast<size_t>(slots)) {}

void TicketBoard::append(OrderSegment segment) {
  if (segment.count <= 0) return;
  {
    std::lock_guard lock(mutex_);
    const int64_t first = planned_;
    planned_ += segment.count;
    segments_.push_back({first, std::move(segment)});
    // What lies wholly behind is not asked for any more.
    while (segments_.size() > 1 && segments_[1].first <= released_) segments_.pop_front();
  }
  available_.notify_all();
  if (listener_) listener_();
}

int64_t TicketBoard::ahead() const {
  std::lock_guard lock(mutex_);
  return planned_ - taken;
}

SampleKey TicketBoard::key_locked(int64_t ticket) const {
  auto after = std::upper_bound(segments_.begin(), segments_.end(), ticket,
                                [](int64_t value, const Segment& segment) { return value < segment.first; });
  HASTEN_CHECK(after != segments_.begin(), "a ticket of a known segment");
  const Segment& segment = *std::prev(after);
  int64_t sample = segment.order.sample(ticket - segment.first);
  if (cached_subset_ > 0) sample %= cached_subset_;
  return {seed_, segment.order.epoch, sample};
}

SampleKey TicketBoard::key(int64_t ticket) const {
  std::lock_guard lock(mutex_);
  return key_locked(ticket);
}

int64_t TicketBoard::limit_locked() const { return paused_ ? next_ : std::min(planned_, released_ + slots()); }

void TicketBoard::claim_locked(std::vector<Ticket>& out, int64_t most) {
  const int64_t count = std::min(most, limit_locked() - next_);
  for (int64_t i = 0; i < count; ++i, ++next_) {
    slots_[static_cast<size_t>(slot_of(next_))].state.store(4 * next_ + kReading, std::memory_order_release);
    out.push_back({next_, key_locked(next_)});
  }
}

bool TicketBoard::claim(std::vector<Ticket>& out, int64_t most, StageClock& clock) {
  std::unique_lock lock(mutex_);
  while (!stopping() && next_ >= limit_locked()) {
    clock.enter(next_ >= planned_ ? Stage::kWaitInput : Stage::kWaitOutput);
    ++waiting_;
    available_.wait(lock);
    --waiting_;
  }
  if (stopping()) return false;
  // Fair shares while little is left, so that nobody sits on tickets that others could work on.
  const int64_t share = std::max<int64_t>(1, (limit_locked() - next_) / (2 * (waiting_ + 1)));
  claim_locked(out, std::min(most, share));
  return true;
}

Stage TicketBoard::claim_now(std::vector<Ticket>& out, int64_t most) {
  std::lock_guard lock(mutex_);
  if (!stopping()) claim_locked(out, most);
  return next_ >= planned_ ? Stage::kWaitInput : Stage::kWaitOutput;
}

const LoadedSample& TicketBoard::last(int64_t ticket) const {
  return slots_[static_cast<size_t>(slot_of(ticket))].sample;
}

bool TicketBoard::begin_work(int64_t ticket) {
  int64_t expected = 4 * ticket + kReading;
  return slots_[static_cast<size_t>(slot_of(ticket))].state.compare_exchange_strong(expected, 4 * ticket + kWorking);
}

void TicketBoard::finish(int64_t ticket, const LoadedSample& sample, std::exception_ptr error) {
  Slot& slot = slots_[static_cast<size_t>(slot_of(ticket))];
  slot.sample = sample;
  slot.error = std::move(error);
  slot.state.store(4 * ticket + kReady);
  // Both sides store first and look second, so one of them sees the other.
  if (awaited_.load() == ticket) {
    std::lock_guard lock(mutex_);
    finished_.notify_all();
  }
}

bool TicketBoard::await(int64_t ticket, int64_t most_ns, bool& reading) {
  const auto& state = slots_[static_cast<size_t>(slot_of(ticket))].state;
  auto ready = [&] { return state.load() == 4 * ticket + kReady; };
  if (ready()) return true;
  awaited_.store(ticket);
  std::unique_lock lock(mutex_);
  if (most_ns < 0) finished_.wait(lock, ready);
  else finished_.wait_for(lock, std::chrono::nanoseconds(most_ns), ready);
  awaited_.store(-1);
  reading = state.load() == 4 * ticket + kReading;
  return ready();
}

bool TicketBoard::finished(int64_t first, int64_t count) const {
  for (int64_t ticket = first; ticket < first + count; ++ticket) {
    if (slots_[static_cast<size_t>(slot_of(ticket))].state.load() != 4 * ticket + kReady) return false;
  }
  return true;
}

void TicketBoard::pause(bool paused) {
  {
    std::lock_guard lock(mutex_);
    paused_ = paused;
  }
  available_.notify_all();
  if (listener_) listener_();
}

LoadedSample TicketBoard::result(int64_t ticket) const {
  const Slot& slot = slots_[static_cast<size_t>(slot_of(ticket))];
  if (slot.error) std::rethrow_exception(slot.error);
  return slot.sample;
}

void TicketBoard::release(int64_t end) {
  bool someone = false;
  {
    std::lock_guard lock(mutex_);
    released_ = std::max(released_, end);
    someone = waiting_ > 0;
  }
  if (someone) available_.notify_all();
  if (listener_) listener_();
}

void TicketBoard::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  available_.notify_all();
  if (listener_) listener_();
}

}  // namespace hasten
