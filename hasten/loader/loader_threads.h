// The threads of a loader: workers that read, decode and augment; one that reads ahead by io_uring; one for second reads
// of stragglers. Private to the loader.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>
#include <vector>

#include "hasten/loader/ring_reader.h"
#include "hasten/loader/ticket_board.h"

namespace hasten {

class DataError;

class LoaderThreads {
 public:
  LoaderThreads(std::shared_ptr<const SampleIndex> index, std::shared_ptr<const SampleWork> work,
                const LoaderOptions& options, uint64_t seed, int64_t slots, SlotMemory memory);
  ~LoaderThreads();

  TicketBoard& board() { return board_; }
  const TicketBoard& board() const { return board_; }
  uint8_t* slot(int64_t ticket) const {
    return memory_.bytes.get() + static_cast<size_t>(board_.slot_of(ticket)) * slot_bytes_;
  }
  size_t slot_bytes() const { return slot_bytes_; }
  int64_t hedge_after_ns() const;  // by what reads took so far, unless the options say it
  void hedge(const Ticket& ticket);  // reads it a second time
  LoaderReport report() const;

 private:
  // What one thread has of its own.
  struct Bench {
    explicit Bench(std::string thread_name) : name(std::move(thread_name)) {}
    std::string name;
    StageClock clock;
    std::unique_ptr<WorkScratch> scratch;
    std::vector<uint8_t> buffer;
    int64_t owed_ns = 0;  // of a delay that is too short to sleep for by itself
    StageClock published;  // a copy for others; under mutex_
  };
  // A ticket whose record stands in a buffer of the ring, or that a worker reads itself (buffer -1).
  struct ReadTicket {
    Ticket ticket;
    RingReader::Finished read;
    bool operator<(const ReadTicket& other) const { return ticket.number > other.ticket.number; }  // smallest first
  };

  void work(Bench& bench);
  void work_on_read(Bench& bench);  // with the ring
  void read_ahead(Bench& bench);
  void submit(std::vector<Ticket>& tickets);
  void read_again(Bench& bench);

  void process(const Ticket& ticket, Bench& bench);
  Record read(int64_t sample, Bench& bench);
  // From the record to the slot, by the policy for corrupt samples. The ticket's work has begun.
  void complete(const Ticket& ticket, const Record& record, std::exception_ptr unread, Bench& bench);
  int64_t fill(const SampleKey& key, const Record& record, uint8_t* to, Bench& bench);
  void substitute(const Ticket& ticket, LoadedSample& out, std::exception_ptr& error, Bench& bench);
  std::exception_ptr describe(int64_t sample, const DataError& error);
  void delay(Stage stage, Bench& bench) const;
  void publish(Bench& bench) const;
  template <class Body>
  void start(std::string name, Body body);

  std::shared_ptr<const SampleIndex> index_;
  std::shared_ptr<const SampleWork> work_;
  const LoaderOptions options_;
  size_t slot_bytes_;
  SlotMemory memory_;
  FileStore files_;
  TicketBoard board_;
  std::unique_ptr<RingReader> ring_;
  uint64_t ring_bytes_ = 0;
  std::unordered_map<int64_t, Ticket> flying_;  // by number; of the reader

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable read_available_, hedge_wanted_;
  std::priority_queue<ReadTicket> read_;
  std::deque<Ticket> hedges_;
  int64_t skipped_ = 0, substituted_ = 0, hedged_ = 0;
  std::vector<std::string> corrupt_;
  std::atomic<int64_t> hedges_won_{0}, reads_{0}, read_ns_{0};
  std::atomic<bool> starved_{false};  // the reader has no free buffer

  std::vector<std::unique_ptr<Bench>> benches_;
  std::vector<std::thread> threads_;
};

}  // namespace hasten
