// Walking AlgoPerf's directories.
#include "hasten/evaluate/importers/algoperf_tree.h"

#include <algorithm>
#include <charconv>
#include <regex>
#include <tuple>

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

std::string without_time_stamp(const std::string& name) {
  static const std::regex stamp(R"(-\d{4}(-\d{2}){5}$)");
  return std::regex_replace(name, stamp, "");
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

std::vector<fs::path> folders_in(const fs::path& path) {
  std::vector<fs::path> folders;
  std::error_code code;
  for (fs::directory_iterator it(path, fs::directory_options::skip_permission_denied, code), end; !code && it != end;
       it.increment(code)) {
    if (it->is_directory(code)) folders.push_back(it->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

void add_study(const fs::path& submission, const fs::path& study, std::vector<AlgoperfTrial>& trials) {
  for (const fs::path& workload : folders_in(study)) {
    std::string name = without_time_stamp(workload.filename().string());
    if (starts_with(name, "trial_")) continue;
    std::string framework;
    size_t cut = name.rfind('_');
    if (cut != std::string::npos && (name.substr(cut) == "_jax" || name.substr(cut) == "_pytorch")) {
      framework = name.substr(cut + 1);
      name.resize(cut);
    }
    for (const fs::path& trial : folders_in(workload)) {
      std::string folder = trial.filename().string();
      if (!starts_with(folder, "trial_")) continue;
      AlgoperfTrial found;
      const char* digits = folder.data() + 6;
      if (std::from_chars(digits, folder.data() + folder.size(), found.trial).ptr == digits) continue;
      std::error_code code;
      found.path = trial;
      found.board = submission.parent_path().string();
      found.submission = without_time_stamp(submission.filename().string());
      found.study = without_time_stamp(study.filename().string());
      found.workload = name;
      found.framework = framework;
      found.evaluated = fs::is_regular_file(trial / "eval_measurements.csv", code);
      trials.push_back(std::move(found));
    }
  }
}

// Boards lie at most this deep below the folder that a user names: repository, version, ruleset.
constexpr int kDepth = 6;

void walk(const fs::path& path, int depth, std::vector<AlgoperfTrial>& trials) {
  bool is_submission = false;
  for (const fs::path& folder : folders_in(path)) {
    if (!starts_with(folder.filename().string(), "study_")) continue;
    add_study(path, folder, trials);
    is_submission = true;
  }
  if (is_submission || depth == kDepth) return;
  for (const fs::path& folder : folders_in(path)) {
    if (!starts_with(folder.filename().string(), ".")) walk(folder, depth + 1, trials);
  }
}

}  // namespace

std::vector<AlgoperfTrial> find_algoperf_trials(const fs::path& root) {
  std::vector<AlgoperfTrial> trials;
  // "." and a trailing slash have no name; a submission needs one.
  walk(fs::absolute(root).lexically_normal() / "", 0, trials);
  for (AlgoperfTrial& trial : trials) {
    if (trial.submission.empty()) {
      fs::path submission = fs::absolute(root).lexically_normal();
      if (!submission.has_filename()) submission = submission.parent_path();
      trial.submission = without_time_stamp(submission.filename().string());
      trial.board = submission.parent_path().string();
    }
  }
  std::sort(trials.begin(), trials.end(), [](const AlgoperfTrial& a, const AlgoperfTrial& b) {
    return std::tie(a.board, a.submission, a.workload, a.study, a.trial, a.path) <
           std::tie(b.board, b.submission, b.workload, b.study, b.trial, b.path);
  });
  return trials;
}

}  // namespace hasten::evaluate
