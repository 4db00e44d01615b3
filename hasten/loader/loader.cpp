// Samples in a given order, decoded ahead by threads.
#include "hasten/loader/loader.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/loader_threads.h"

namespace hasten {
namespace {

constexpr size_t kAlignment = 64;
// Slots ahead of the consumer: enough that a slow sample holds nobody up, few enough to stay in the cache's reach.
constexpr int64_t kBatchesAhead = 8, kSamplesAhead = 1024;

SlotMemory aligned_memory(size_t bytes) {
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* begin = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, rounded));
  HASTEN_CHECK(begin != nullptr, cat("memory for ", bytes, " bytes of samples"));
  return {{begin, [](uint8_t* memory) { std::free(memory); }}};
}

int64_t slot_count(uint64_t memory, size_t slot, int64_t batch, int64_t times) {
  const auto most = static_cast<int64_t>(memory / slot);
  if (most < batch) {
    throw ConfigError("loader.memory",
                      cat("at least ", static_cast<uint64_t>(batch) * slot, " bytes for a batch of ", batch),
                      cat(memory, " bytes"), "a larger memory, or a smaller batch");
  }
  return std::min(most, times * std::max(kBatchesAhead * batch, kSamplesAhead)) / batch * batch;
}

}  // namespace

std::string_view name_of(CorruptPolicy policy) {
  constexpr std::array<std::string_view, 3> kNames{"stop", "skip", "substitute"};
  return kNames.at(static_cast<size_t>(policy));
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  runs_ = std::move(other.runs_);
  samples_ = std::move(other.samples_);
  release_ = std::exchange(other.release_, nullptr);
  return *this;
}

void Lease::release() {
  if (release_) std::exchange(release_, nullptr)();
  runs_.clear();
}

struct Loader::Impl {
  LoaderOptions options;
  LoaderThreads threads;
  int64_t wait_ns = 0, delivered = 0;
  bool leased = false;

  Impl(std::shared_ptr<const SampleIndex> index, std::shared_ptr<const SampleWork> work, LoaderOptions given,
       uint64_t seed, int64_t slots, SlotMemory memory)
      : options(std::move(given)),
        threads(std::move(index), std::move(work), options, seed, slots, std::move(memory)) {}

  void await(int64_t ticket) {
    bool reading = false, hedged = options.hedge_after_ns < 0;
    while (!threads.board().await(ticket, hedged ? -1 : threads.hedge_after_ns(), reading)) {
      if (!reading) continue;
      threads.hedge({ticket, threads.board().key(ticket)});
      hedged = true;
    }
  }
};

Loader::Loader(std::shared_ptr<const SampleIndex> index, std::shared_ptr<const SampleWork> work, LoaderOptions options,
               uint64_t seed) {
  HASTEN_CHECK(options.batch > 0, "a batch of at least one sample");
  const size_t slot = work->slot_bytes();
  const int64_t slots = slot_count(options.memory_bytes, slot, options.batch, options.switches.ahead_times);
  const size_t bytes = static_cast<size_t>(slots) * slot;
  SlotMemory memory = options.allocate ? options.allocate(bytes) : aligned_memory(bytes);
  impl_ = std::make_unique<Impl>(std::move(index), std::move(work), std::move(options), seed, slots, std::move(memory));
}

Loader::~Loader() = default;

void Loader::append(OrderSegment segment) { impl_->threads.board().append(std::move(segment)); }

int64_t Loader::ahead() const { return impl_->threads.board().ahead(); }

Lease Loader::take(int64_t count) {
  TicketBoard& board = impl_->threads.board();
  HASTEN_CHECK(count > 0 && count <= board.slots(), "as many samples as there are slots");
  HASTEN_CHECK(count <= board.ahead(), "samples that were appended");
  HASTEN_CHECK(!impl_->leased, "one lease at a time");
  const int64_t first = board.taken, start = now_ns();
  Lease lease;
  lease.samples_.reserve(static_cast<size_t>(count));
  for (int64_t ticket = first; ticket < first + count; ++ticket) {
    impl_->await(ticket);
    lease.samples_.push_back(board.result(ticket));
  }
  impl_->wait_ns += now_ns() - start;
  impl_->delivered += count;
  const int64_t slot = board.slot_of(first), until_end = std::min(count, board.slots() - slot);
  lease.runs_.push_back({impl_->threads.slot(first), until_end});
  if (until_end < count) lease.runs_.push_back({impl_->threads.slot(first + until_end), count - until_end});
  board.taken = first + count;
  impl_->leased = true;
  lease.release_ = [impl = impl_.get(), end = board.taken] {
    impl->leased = false;
    impl->threads.board().release(end);
  };
  return lease;
}

void Loader::skip(int64_t count) {
  TicketBoard& board = impl_->threads.board();
  HASTEN_CHECK(count >= 0 && count <= board.ahead() && !impl_->leased, "samples that were appended");
  // Slots are free again only when whoever works on them is done.
  for (; count > 0; --count) {
    impl_->await(board.taken);
    board.release(++board.taken);
  }
}

bool Loader::ready(int64_t count) const {
  const TicketBoard& board = impl_->threads.board();
  return count <= board.ahead() && board.finished(board.taken, count);
}

void Loader::pause(bool paused) { impl_->threads.board().pause(paused); }

int64_t Loader::slots() const { return impl_->threads.board().slots(); }

size_t Loader::slot_bytes() const { return impl_->threads.slot_bytes(); }

LoaderReport Loader::report() const {
  LoaderReport report = impl_->threads.report();
  report.delivered = impl_->delivered;
  report.consumer_wait_ns = impl_->wait_ns;
  return report;
}

int64_t LoaderReport::ns(Stage stage) const {
  return std::accumulate(threads.begin(), threads.end(), int64_t{0},
                         [&](int64_t sum, const Thread& thread) { return sum + thread.clock.ns(stage); });
}

uint64_t LoaderReport::bytes(Stage stage) const {
  return std::accumulate(threads.begin(), threads.end(), uint64_t{0},
                         [&](uint64_t sum, const Thread& thread) { return sum + thread.clock.bytes(stage); });
}

}  // namespace hasten
