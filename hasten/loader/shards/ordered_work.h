// Work done by several threads and consumed in order by the caller: the result does not depend on how many there are.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace hasten::shards {

// `next` hands out jobs (one call at a time), `produce` does one on some thread, `consume` takes the results on this
// thread in the order of the jobs, until it returns false. At most `window` jobs are out or waiting. What `next` or
// `produce` throws is thrown here, when its turn comes.
template <class Job, class Result>
void in_order(int threads, size_t window, const std::function<std::optional<Job>()>& next,
              const std::function<Result(const Job&)>& produce, const std::function<bool(Result&&)>& consume) {
  struct Outcome {
    std::optional<Result> result;
    std::exception_ptr error;
  };
  std::mutex mutex;
  std::condition_variable room, ready;
  std::map<size_t, Outcome> done;
  size_t handed = 0, consumed = 0;
  bool exhausted = false, stopped = false;

  auto work = [&] {
    while (true) {
      std::optional<Job> job;
      Outcome outcome;
      size_t ticket = 0;
      {
        std::unique_lock lock(mutex);
        room.wait(lock, [&] { return stopped || exhausted || handed - consumed < window; });
        if (stopped || exhausted) return;
        try {
          job = next();
        } catch (...) {
          outcome.error = std::current_exception();
        }
        if (!job) exhausted = true;
        if (!job && !outcome.error) {
          room.notify_all();
          ready.notify_all();
          return;
        }
        ticket = handed++;
      }
      if (job) {
        try {
          outcome.result = produce(*job);
        } catch (...) {
          outcome.error = std::current_exception();
        }
      }
      const std::lock_guard lock(mutex);
      done.emplace(ticket, std::move(outcome));
      ready.notify_one();
    }
  };

  std::vector<std::jthread> workers;
  // Whatever ends this function, the workers are told before they are joined.
  struct Stop {
    std::mutex& mutex;
    std::condition_variable& room;
    bool& stopped;
    ~Stop() {
      const std::lock_guard lock(mutex);
      stopped = true;
      room.notify_all();
    }
  } stop{mutex, room, stopped};
  for (int i = 0; i < threads; ++i) workers.emplace_back(work);

  while (true) {
    Outcome outcome;
    {
      std::unique_lock lock(mutex);
      ready.wait(lock, [&] { return done.contains(consumed) || (exhausted && consumed == handed); });
      auto at = done.find(consumed);
      if (at == done.end()) return;
      outcome = std::move(at->second);
      done.erase(at);
      ++consumed;
      room.notify_all();
    }
    if (outcome.error) std::rethrow_exception(outcome.error);
    if (!consume(std::move(*outcome.result))) return;
  }
}

// The number of threads that 0 stands for.
inline int threads_or_all(int threads) {
  return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace hasten::shards
