// A share of the processors, as a container has it.
#pragma once

#include <filesystem>
#include <memory>

namespace hasten::diagnose {

// This process may use so many processors on average as long as this lives: a control group of its own. Needs the right to
// make one, as root has it in most containers.
class Quota {
 public:
  static std::unique_ptr<Quota> make(double cores);  // nothing where none can be made
  ~Quota();
  Quota(const Quota&) = delete;
  Quota& operator=(const Quota&) = delete;

 private:
  Quota(std::filesystem::path before, std::filesystem::path group)
      : before_(std::move(before)), group_(std::move(group)) {}
  std::filesystem::path before_, group_;
};

}  // namespace hasten::diagnose
