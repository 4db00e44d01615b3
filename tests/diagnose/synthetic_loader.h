// A loader with threads of its own and queues between them, whose batches hold nothing.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "hasten/diagnose/subject.h"
#include "tests/diagnose/synthetic_work.h"

namespace hasten::diagnose {

struct LoaderPlan {
  double fetch_s = 0, decode_s = 0, augment_s = 0;  // a batch, of one thread
  Work preparation = Work::kSpin;
  int64_t fetch_threads = 1, prepare_threads = 1;
  bool pool = false;          // the threads of preparation read, too
  int64_t depth = 4;          // of each queue; 0: works only while somebody waits for a batch
  double cv = 0;              // of every part, from batch to batch
  double slow_share = 0, slow_factor = 1;  // batches whose reading takes so many times longer
  double fetch_delay_s = 0, prepare_delay_s = 0;
  uint64_t seed = 0;
  int64_t threads_of(Part part) const { return part == Part::kFetch && !pool ? fetch_threads : prepare_threads; }
};

// Batches that wait between two stages.
class BatchQueue {
 public:
  explicit BatchQueue(int64_t depth) : depth_(static_cast<size_t>(depth)) {}
  // Waits for room; what is in hand when all stop is kept all the same.
  void push(int64_t batch);
  std::optional<int64_t> pop();      // nothing: stopped
  std::optional<int64_t> try_pop();  // nothing: none is ready
  void open(bool open);
  size_t size();

 private:
  const size_t depth_;
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::deque<int64_t> batches_;
  bool open_ = false;
};

class SyntheticLoader {
 public:
  explicit SyntheticLoader(const LoaderPlan& plan);
  ~SyntheticLoader() { pause(); }
  SyntheticLoader(const SyntheticLoader&) = delete;
  SyntheticLoader& operator=(const SyntheticLoader&) = delete;

  void resume();
  void pause();  // no thread is left; what is ready stays
  void take();
  bool try_take();
  size_t ready() { return prepared_.size(); }
  // How long its threads have worked, shared by those that do the part.
  PartSeconds spent() const;

 private:
  void start(int64_t count, void (SyntheticLoader::*work)(double));
  // The loops of threads; `first`: what is left of the batch that each has in hand when it begins.
  void read(double first);
  void prepare(double first);
  void read_and_prepare(double first);
  bool wanted();
  void fetch_one(int64_t batch, double left);
  void prepare_one(int64_t batch, double left);
  void spend_on(Part part, Work work, double seconds_long, int64_t batch, double delay_s);

  const LoaderPlan plan_;
  BatchQueue read_, prepared_;
  std::vector<std::thread> threads_;
  std::atomic<bool> running_{false};
  std::atomic<int64_t> next_{0};
  std::array<std::atomic<int64_t>, kParts> spent_ns_{};
  std::mutex wish_mutex_;
  std::condition_variable wish_;
  int64_t wishes_ = 0;
};

}  // namespace hasten::diagnose
