// A folder to prepare a data set in, which one process at a time has.
#pragma once

#include <filesystem>
#include <functional>

namespace hasten {

class Staging {
 public:
  // Makes or takes over `folder`. `on_wait` is called once when another process has it; then this one waits.
  Staging(const std::filesystem::path& folder, const std::function<void()>& on_wait);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  // Puts `prepared` (a folder within) in the place of `target`, whether or not something is there, and removes the
  // staging folder.
  void place(const std::filesystem::path& prepared, const std::filesystem::path& target);
  void discard();  // removes the staging folder

 private:
  bool still_ours() const;

  std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace hasten
