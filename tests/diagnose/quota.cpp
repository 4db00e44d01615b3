// Control groups of versions 1 and 2.
#include "tests/diagnose/quota.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPeriodUs = 100'000;

bool write(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

// Where this process is under a controller: its folder below `mount`, or the mount itself.
fs::path own_group(const fs::path& mount, const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto parts = split(line, ':');
    if (parts.size() < 3 || parts[1] != controller) continue;
    const fs::path group = mount / parts[2].substr(1);
    if (fs::exists(group / "cgroup.procs")) return group;
  }
  return mount;
}

bool enter(const fs::path& group) { return write(group / "cgroup.procs", std::to_string(getpid())); }

}  // namespace

std::unique_ptr<Quota> Quota::make(double cores) {
  const std::string us = std::to_string(static_cast<int64_t>(cores * kPeriodUs)), period = std::to_string(kPeriodUs);
  for (const auto& [mount, controller] : {std::pair("/sys/fs/cgroup/cpu", "cpu"), {"/sys/fs/cgroup", ""}}) {
    const fs::path before = own_group(mount, controller);
    const fs::path group = before / cat("hasten-quota-", getpid());
    std::error_code error;
    if (!fs::exists(before / "cgroup.procs") || !fs::create_directory(group, error)) continue;
    const bool limited = *controller == '\0'
                             ? write(group / "cpu.max", us + " " + period)
                             : write(group / "cpu.cfs_period_us", period) && write(group / "cpu.cfs_quota_us", us);
    if (limited && enter(group)) return std::unique_ptr<Quota>(new Quota(before, group));
    fs::remove(group, error);
  }
  return nullptr;
}

Quota::~Quota() {
  enter(before_);
  std::error_code error;
  fs::remove(group_, error);
}

}  // namespace hasten::diagnose
