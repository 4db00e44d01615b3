// Carrying out one run of a study.
#include "hasten/study/run_launcher.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"

namespace hasten {
namespace {

constexpr int kInterruptedExit = 130, kCannotStartExit = 127;

// In a group of its own, so that Ctrl-C reaches a child once, through us, and a second one does not end it before it has saved.
pid_t start_child(const std::vector<std::string>& arguments) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw InternalError(std::string("cannot start a run: ") + std::strerror(errno));
  if (child > 0) return child;
  // Only calls that are safe beside the parent's other threads. A run that nobody waits for would meet the one that a resumed
  // study starts in the same directory.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kInterruptedExit);
  execve(raw[0], raw.data(), environ);
  _exit(kCannotStartExit);
}

int wait_for(pid_t child, const std::atomic<bool>* stop) {
  bool asked = false;
  int status = 0;
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno != EINTR) throw InternalError(std::string("cannot wait for a run: ") + std::strerror(errno));
    if (ended > 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!asked && stop != nullptr && stop->load()) {
      kill(child, SIGINT);
      asked = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

RunLauncher run_in_process(const Registry& registry, const std::atomic<bool>* stop, TrainListener* listener) {
  return [&registry, stop, listener](const RunRequest& request) {
    TrainOptions options;
    options.out = request.out;
    options.seed = request.seed;
    options.group = request.group;
    options.role = request.role;
    options.planned_runs = request.planned_runs;
    options.resume = request.resume;
    options.stop = stop;
    options.listener = listener;
    Trainer trainer(request.recipe, registry, options);
    return trainer.run().record.status == evaluate::Status::kInterrupted ? RunEnd::kInterrupted : RunEnd::kFinished;
  };
}

RunLauncher run_in_child(std::filesystem::path executable, std::vector<std::string> arguments,
                         const std::atomic<bool>* stop) {
  return [executable = std::move(executable), arguments = std::move(arguments),
          stop](const RunRequest& request) -> RunEnd {
    if (stop != nullptr && stop->load()) return RunEnd::kInterrupted;
    // The recipe as resolved here: edits and scaled budgets included.
    std::filesystem::path recipe = request.out.parent_path() / "recipe.json";
    std::filesystem::create_directories(request.out.parent_path());
    write_file_atomic(recipe, request.recipe.to_json().dump(2) + "\n");
    // What the study was told is all that its runs are told.
    std::vector<std::string> command{executable.string(),
                                     "--no-defaults",
                                     "train",
                                     recipe.string(),
                                     "--seed",
                                     std::to_string(request.seed),
                                     "--out",
                                     request.out.string(),
                                     "--group",
                                     request.group,
                                     "--role",
                                     std::string(evaluate::name(request.role)),
                                     "--planned-runs",
                                     std::to_string(request.planned_runs)};
    if (request.resume) command.push_back("--resume");
    command.insert(command.end(), arguments.begin(), arguments.end());
    const int code = wait_for(start_child(command), stop);
    if (code == kCannotStartExit) throw InternalError("cannot start " + executable.string());
    if (code == 0) return RunEnd::kFinished;
    return code == kInterruptedExit ? RunEnd(RunEnd::kInterrupted) : RunEnd::failed(code);
  };
}

void check_seeds(const std::vector<uint64_t>& seeds) {
  if (seeds.empty()) throw ConfigError("--seeds", "at least one seed", "none");
  if (std::set<uint64_t>(seeds.begin(), seeds.end()).size() != seeds.size()) {
    throw ConfigError("--seeds", "each seed once", "a seed twice",
                      "the same seed twice is the same run, not a replicate");
  }
}

int joint_exit_code(int a, int b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  for (const int telling : {3, 2}) {
    if (a == telling || b == telling) return telling;
  }
  return 1;
}

bool is_finished_run(const std::filesystem::path& directory) {
  if (!std::filesystem::exists(directory / "run.json")) return false;
  const evaluate::Status status = evaluate::read_run(directory).record.status;
  return status == evaluate::Status::kOk || status == evaluate::Status::kOutOfBudget ||
         status == evaluate::Status::kDiverged;
}

std::vector<RunEnd> run_all(const std::vector<RunRequest>& runs, const RunLauncher& launch, int64_t jobs,
                            const std::function<void(size_t, RunEnd)>& ended) {
  std::vector<RunEnd> ends(runs.size(), RunEnd::kInterrupted);
  std::mutex mutex;  // of all below
  size_t next = 0;
  bool stopped = false;
  std::exception_ptr error;
  auto work = [&] {
    std::unique_lock<std::mutex> lock(mutex);
    while (next < runs.size() && !stopped) {
      const size_t index = next++;
      lock.unlock();
      RunEnd end = RunEnd::kFailed;
      std::exception_ptr thrown;
      try {
        end = launch(runs[index]);
        lock.lock();
        ended(index, end);
      } catch (...) {
        thrown = std::current_exception();
      }
      if (!lock.owns_lock()) lock.lock();
      ends[index] = end;
      if (thrown && !error) error = thrown;
      stopped = stopped || thrown || end == RunEnd::kInterrupted;
    }
  };
  std::vector<std::thread> threads;
  for (int64_t i = 1; i < std::min<int64_t>(jobs, static_cast<int64_t>(runs.size())); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
  return ends;
}

}  // namespace hasten
