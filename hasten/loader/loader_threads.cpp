// The threads of a loader.
#include "hasten/loader/loader_threads.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr int64_t kChunkNs = 50'000;         // work that one visit to the board should bring
constexpr int64_t kMostAtOnce = 32;
constexpr int64_t kReaderNapNs = 50'000'000;
constexpr int64_t kHedgeTimes = 20, kHedgeLeastNs = 2'000'000;
constexpr int64_t kLeastSleepNs = 1'000'000;
constexpr size_t kMostTold = 20;             // corrupt samples that are kept in words
constexpr int64_t kMostSubstitutes = 1000;
constexpr size_t kLeastBuffer = 4096, kMostBuffer = 4 << 20;

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Bytes that most records need, from some of them.
size_t usual_record(const SampleIndex& index) {
  constexpr int64_t kLooked = 1000;
  const int64_t size = index.size();
  uint64_t most = kLeastBuffer;
  for (int64_t i = 0; i < std::min(kLooked, size); ++i)
    most = std::max(most, index.entry(size <= kLooked ? i : i * (size / kLooked)).bytes);
  return static_cast<size_t>(std::min<uint64_t>(most, kMostBuffer));
}

// Every cache line once, so that a record that is not decoded has been read all the same.
void touch(std::span<const uint8_t> bytes) {
  constexpr size_t kLine = 64;
  volatile uint8_t sink = 0;
  for (size_t i = 0; i < bytes.size(); i += kLine) sink = static_cast<uint8_t>(sink ^ bytes[i]);
}

}  // namespace

template <class Body>
void LoaderThreads::start(std::string name, Body body) {
  benches_.push_back(std::make_unique<Bench>(std::move(name)));
  Bench* bench = benches_.back().get();
  bench->scratch = work_->scratch();
  threads_.emplace_back([this, bench, body] {
    bench->clock = StageClock();
    (this->*body)(*bench);
    bench->clock.enter(Stage::kWaitInput);
    publish(*bench);
  });
}

LoaderThreads::LoaderThreads(std::shared_ptr<const SampleIndex> index, std::shared_ptr<const SampleWork> work,
                             const LoaderOptions& options, uint64_t seed, int64_t slots, SlotMemory memory)
    : index_(std::move(index)),
      work_(std::move(work)),
      options_(options),
      slot_bytes_(work_->slot_bytes()),
      memory_(std::move(memory)),
      files_(*index_, options.read, options.unpacked_bytes),
      board_(slots, seed, options.switches.cached_subset) {
  const int workers = options.workers > 0 ? options.workers : static_cast<int>(this_machine().cores);
  const bool ring = files_.mode() == ReadMode::kRing;
  if (ring) {
    const size_t buffer = usual_record(*index_);
    const auto affordable = static_cast<unsigned>(std::max<uint64_t>(4, options.memory_bytes / 4 / buffer));
    const unsigned depth = std::min(options.reads_in_flight, affordable);
    ring_ = std::make_unique<RingReader>(files_, depth, buffer);
    ring_bytes_ = static_cast<uint64_t>(depth) * buffer;
    board_.on_available([this] { ring_->wake(); });
  }
  benches_.reserve(static_cast<size_t>(workers) + 2);
  for (int i = 0; i < workers; ++i)
    start(cat("worker ", i), ring ? &LoaderThreads::work_on_read : &LoaderThreads::work);
  if (ring) start("reader", &LoaderThreads::read_ahead);
  if (options.hedge_after_ns >= 0) start("hedge", &LoaderThreads::read_again);
}

LoaderThreads::~LoaderThreads() {
  board_.stop();
  { std::lock_guard lock(mutex_); }
  read_available_.notify_all();
  hedge_wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void LoaderThreads::publish(Bench& bench) const {
  std::lock_guard lock(mutex_);
  bench.published = bench.clock;
}

void LoaderThreads::work(Bench& bench) {
  std::vector<Ticket> tickets;
  int64_t at_once = 1;
  while (board_.claim(tickets, at_once, bench.clock)) {
    const int64_t start = now_ns();
    for (const Ticket& ticket : tickets) process(ticket, bench);
    const int64_t each = (now_ns() - start) / static_cast<int64_t>(tickets.size()) + 1;
    at_once = std::clamp<int64_t>(kChunkNs / each, 1, kMostAtOnce);
    tickets.clear();
    publish(bench);
  }
}

void LoaderThreads::process(const Ticket& ticket, Bench& bench) {
  Record record;
  std::exception_ptr unread;
  const bool resident = options_.switches.resident && ticket.number >= board_.slots();
  if (!resident) {
    try {
      record = read(ticket.key.sample, bench);
    } catch (const std::exception&) {
      unread = std::current_exception();
    }
  }
  if (board_.begin_work(ticket.number)) complete(ticket, record, unread, bench);
}

Record LoaderThreads::read(int64_t sample, Bench& bench) {
  bench.clock.enter(Stage::kRead);
  const int64_t start = now_ns();
  const SampleEntry entry = index_->entry(sample);
  Record record = files_.read(entry, bench.buffer);
  bench.clock.add_bytes(Stage::kRead, entry.bytes);
  delay(Stage::kRead, bench);
  read_ns_.fetch_add(now_ns() - start, std::memory_order_relaxed);
  reads_.fetch_add(1, std::memory_order_relaxed);
  return record;
}

void LoaderThreads::delay(Stage stage, Bench& bench) const {
  if (options_.switches.delayed != stage || options_.switches.delay_ns <= 0) return;
  const Stage before = bench.clock.enter(stage);
  const int64_t begin = now_ns();
  if (stage == Stage::kRead) {
    // A thread that sleeps for less than this sleeps much longer: short delays are put together.
    bench.owed_ns += options_.switches.delay_ns;
    if (bench.owed_ns >= kLeastSleepNs) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(bench.owed_ns));
      bench.owed_ns -= now_ns() - begin;
    }
  } else {
    while (now_ns() - begin < options_.switches.delay_ns) continue;
  }
  bench.clock.enter(before);
}

int64_t LoaderThreads::fill(const SampleKey& key, const Record& record, uint8_t* to, Bench& bench) {
  const SampleEntry entry = index_->entry(key.sample);
  if (options_.verify && entry.hash) {
    bench.clock.enter(Stage::kVerify);
    bench.clock.add_bytes(Stage::kVerify, record.bytes.size());
    if (hash64(text_of(record.bytes)) != *entry.hash)
      throw DataError("", "", "its bytes do not match its checksum",
                      "the file is damaged: get it again from its source");
    delay(Stage::kVerify, bench);
  }
  bench.clock.enter(options_.switches.decode ? Stage::kDecode : Stage::kRead);
  const SamplePayload payload = index_->payload(key.sample, entry, record.bytes);
  if (options_.switches.decode) {
    work_->run(payload, key, {to, slot_bytes_}, *bench.scratch, bench.clock);
    bench.clock.add_bytes(Stage::kDecode, slot_bytes_);
    delay(Stage::kDecode, bench);
  } else {
    touch(payload.bytes);
  }
  delay(Stage::kAugment, bench);
  bench.clock.enter(Stage::kDeliver);
  delay(Stage::kDeliver, bench);
  delay(Stage::kDelay, bench);
  return payload.label;
}

std::exception_ptr LoaderThreads::describe(int64_t sample, const DataError& error) {
  const SampleEntry entry = index_->entry(sample);
  const std::string file = error.path().empty() ? index_->files().at(entry.file).path.string() : error.path();
  std::string where = index_->describe(sample);
  if (!error.location().empty()) where += ", " + error.location();
  DataError whole(file, where, error.reason(), error.hint());
  std::lock_guard lock(mutex_);
  if (corrupt_.size() < kMostTold) corrupt_.emplace_back(whole.what());
  return std::make_exception_ptr(whole);
}

void LoaderThreads::complete(const Ticket& ticket, const Record& record, std::exception_ptr unread, Bench& bench) {
  LoadedSample out{ticket.key.sample, -1, ticket.key.epoch, false};
  std::exception_ptr error;
  try {
    if (unread) std::rethrow_exception(unread);
    if (options_.switches.resident && ticket.number >= board_.slots()) out = board_.last(ticket.number);
    else out.label = fill(ticket.key, record, slot(ticket.number), bench);
  } catch (const DataError& wrong) {
    error = describe(ticket.key.sample, wrong);
    if (options_.corrupt == CorruptPolicy::kSubstitute) {
      substitute(ticket, out, error, bench);
    } else if (options_.corrupt == CorruptPolicy::kSkip) {
      error = nullptr;
      out.left_out = true;
      std::memset(slot(ticket.number), 0, slot_bytes_);
      std::lock_guard lock(mutex_);
      ++skipped_;
    }
  } catch (...) {
    error = std::current_exception();
  }
  bench.clock.enter(Stage::kDeliver);
  board_.finish(ticket.number, out, error);
}

void LoaderThreads::substitute(const Ticket& ticket, LoadedSample& out, std::exception_ptr& error, Bench& bench) {
  const int64_t size = index_->size();
  for (int64_t i = 1; i < std::min(size, kMostSubstitutes); ++i) {
    SampleKey key = ticket.key;
    key.sample = (ticket.key.sample + i) % size;
    try {
      const Record record = read(key.sample, bench);
      out.label = fill(key, record, slot(ticket.number), bench);
    } catch (const DataError& wrong) {
      describe(key.sample, wrong);
      continue;
    }
    out.id = key.sample;
    error = nullptr;
    std::lock_guard lock(mutex_);
    ++substituted_;
    return;
  }
}

int64_t LoaderThreads::hedge_after_ns() const {
  if (options_.hedge_after_ns > 0) return options_.hedge_after_ns;
  const int64_t reads = reads_.load(std::memory_order_relaxed);
  return std::max(kHedgeLeastNs, kHedgeTimes * read_ns_.load(std::memory_order_relaxed) / std::max<int64_t>(1, reads));
}

void LoaderThreads::hedge(const Ticket& ticket) {
  {
    std::lock_guard lock(mutex_);
    hedges_.push_back(ticket);
    ++hedged_;
  }
  hedge_wanted_.notify_one();
}

void LoaderThreads::read_again(Bench& bench) {
  std::unique_lock lock(mutex_);
  while (true) {
    hedge_wanted_.wait(lock, [this] { return board_.stopping() || !hedges_.empty(); });
    if (board_.stopping()) return;
    const Ticket ticket = hedges_.front();
    hedges_.pop_front();
    lock.unlock();
    try {
      const Record record = read(ticket.key.sample, bench);
      if (board_.begin_work(ticket.number)) {
        ++hedges_won_;
        complete(ticket, record, nullptr, bench);
      }
    } catch (const DataError&) {
      // The first read will say the same.
    }
    bench.clock.enter(Stage::kWaitInput);
    lock.lock();
    bench.published = bench.clock;
  }
}

// Neighbours in the file are asked for one after the other, whatever their order in the batch.
void LoaderThreads::submit(std::vector<Ticket>& tickets) {
  std::vector<std::pair<SampleEntry, Ticket>> reads;
  reads.reserve(tickets.size());
  for (const Ticket& ticket : tickets) reads.emplace_back(index_->entry(ticket.key.sample), ticket);
  std::sort(reads.begin(), reads.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.file, a.first.offset) < std::pair(b.first.file, b.first.offset);
  });
  bool to_workers = false;
  for (const auto& [entry, ticket] : reads) {
    const bool resident = options_.switches.resident && ticket.number >= board_.slots();
    bool submitted = !resident && ring_->fits(entry) && !files_.packed(entry.file) && entry.bytes > 0;
    try {
      if (submitted) ring_->submit(ticket.number, entry);
    } catch (const DataError&) {
      submitted = false;  // the worker meets the same error and says it in the sample's turn
    }
    if (submitted) {
      flying_.emplace(ticket.number, ticket);
    } else {
      std::lock_guard lock(mutex_);
      read_.push({ticket, {ticket.number, -1, {}, 0}});
      to_workers = true;
    }
  }
  tickets.clear();
  if (to_workers) read_available_.notify_all();
}

void LoaderThreads::read_ahead(Bench& bench) {
  std::vector<Ticket> tickets;
  std::vector<RingReader::Finished> finished;
  while (!board_.stopping()) {
    starved_ = false;
    const unsigned free = ring_->free_buffers();
    Stage idle = Stage::kWaitOutput;
    if (free > 0) idle = board_.claim_now(tickets, free);
    else starved_ = true;
    submit(tickets);
    bench.clock.enter(ring_->in_flight() > 0 ? Stage::kRead : idle);
    ring_->wait(finished, kReaderNapNs);
    if (!finished.empty()) {
      std::lock_guard lock(mutex_);
      for (const RingReader::Finished& read : finished) {
        bench.clock.add_bytes(Stage::kRead, read.bytes.size());
        read_.push({flying_.extract(read.ticket).mapped(), read});
      }
    }
    if (!finished.empty()) read_available_.notify_all();
    finished.clear();
    publish(bench);
  }
}

void LoaderThreads::work_on_read(Bench& bench) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (read_.empty() && !board_.stopping()) bench.clock.enter(Stage::kWaitInput);
    read_available_.wait(lock, [this] { return board_.stopping() || !read_.empty(); });
    if (board_.stopping()) return;
    const ReadTicket next = read_.top();
    read_.pop();
    lock.unlock();
    if (next.read.buffer < 0) {
      process(next.ticket, bench);
    } else {
      std::exception_ptr unread;
      if (next.read.error != 0) unread = std::make_exception_ptr(DataError("", "", std::strerror(next.read.error)));
      if (board_.begin_work(next.ticket.number)) complete(next.ticket, {next.read.bytes, nullptr}, unread, bench);
      ring_->give_back(next.read.buffer);
      if (starved_.exchange(false)) ring_->wake();
    }
    lock.lock();
    bench.published = bench.clock;
  }
}

LoaderReport LoaderThreads::report() const {
  std::lock_guard lock(mutex_);
  LoaderReport report;
  for (const auto& bench : benches_) report.threads.push_back({bench->name, bench->published});
  report.read = files_.mode();
  report.read_reason = files_.reason();
  report.skipped = skipped_;
  report.substituted = substituted_;
  report.hedged = hedged_;
  report.hedges_won = hedges_won_;
  report.slots = board_.slots();
  report.memory_bytes = static_cast<uint64_t>(board_.slots()) * slot_bytes_ + ring_bytes_;
  report.corrupt = corrupt_;
  return report;
}

}  // namespace hasten
