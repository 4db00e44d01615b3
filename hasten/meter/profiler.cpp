// Takes a profile of some steps, by LibTorch's Kineto.
#include "hasten/meter/profiler.h"

#include <ATen/Context.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <cstdlib>
#include <set>

#include "hasten/base/error.h"

namespace hasten {
namespace {

namespace profiler = torch::autograd::profiler;
namespace settings = torch::profiler::impl;

}  // namespace

struct ProfileRange::Scope {
  at::RecordFunction function{at::RecordScope::USER_SCOPE};
};

void ProfileRange::open(const char* name) {
  scope_ = new Scope;
  scope_->function.before(std::string(name));
}

void ProfileRange::close() { delete scope_; }

Profiler::Profiler() {
  HASTEN_CHECK(!active_, "one profile at a time");
  setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);  // Kineto tells the terminal when it starts and stops
  const settings::ProfilerConfig config(settings::ProfilerState::KINETO, /*report_input_shapes=*/true);
  std::set<settings::ActivityType> activities{settings::ActivityType::CPU};
  if (at::hasCUDA()) activities.insert(settings::ActivityType::CUDA);
  profiler::prepareProfiler(config, activities);
  // Without USER_SCOPE there would be no ranges.
  profiler::enableProfiler(
      config, activities, {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
  active_ = true;
}

Profiler::~Profiler() {
  if (!active_) return;
  active_ = false;
  profiler::disableProfiler();
}

void Profiler::write(const std::filesystem::path& path) {
  HASTEN_CHECK(active_, "a profile that is being taken");
  active_ = false;
  const auto result = profiler::disableProfiler();
  // Kineto writes by the name's ending, and says nothing when it cannot.
  std::filesystem::path temporary = path;
  temporary.replace_filename("." + path.filename().string());
  result->save(temporary.string());
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  throw DataError(path.string(), "", "the profile cannot be written: " + error.message());
}

}  // namespace hasten
