// Carrying out one run of a study.
#include "hasten/study/run_launcher.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"

extern char** environ;

namespace hasten {
namespace {

constexpr int kInterruptedExit = 130;

int spawn_and_wait(const std::vector<std::string>& arguments) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  pid_t child = 0;
  int code = posix_spawn(&child, raw[0], nullptr, nullptr, raw.data(), environ);
  if (code != 0) throw InternalError("cannot start " + arguments[0] + ": " + std::strerror(code));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw InternalError(std::string("cannot wait for a run: ") + std::strerror(errno));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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

RunLauncher run_in_child(std::filesystem::path executable, std::vector<std::string> arguments) {
  return [executable = std::move(executable), arguments = std::move(arguments)](const RunRequest& request) {
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
    int code = spawn_and_wait(command);
    return code == 0 ? RunEnd::kFinished : code == kInterruptedExit ? RunEnd::kInterrupted : RunEnd::kFailed;
  };
}

}  // namespace hasten
