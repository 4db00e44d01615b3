// NVIDIA's management library through dlopen.
#include "hasten/meter/nvml.h"

#include <dlfcn.h>

#include <array>

#include "hasten/base/text.h"

namespace hasten {
namespace {

template <class Function>
void find_symbol(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

std::shared_ptr<Nvml> Nvml::open(std::string& why) {
  // Never closed: the library keeps threads and signal handlers of its own.
  void* library = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    why = "no NVIDIA driver (libnvidia-ml.so.1)";
    return nullptr;
  }
  NvmlFunctions found;
  find_symbol(library, "nvmlInit_v2", found.init);
  find_symbol(library, "nvmlShutdown", found.shutdown);
  find_symbol(library, "nvmlDeviceGetCount_v2", found.count);
  find_symbol(library, "nvmlDeviceGetHandleByIndex_v2", found.device);
  find_symbol(library, "nvmlDeviceGetName", found.name);
  find_symbol(library, "nvmlDeviceGetTotalEnergyConsumption", found.energy_millijoules);
  find_symbol(library, "nvmlErrorString", found.error_text);
  return open(found, why);
}

std::shared_ptr<Nvml> Nvml::open(const NvmlFunctions& f, std::string& why) {
  if (!f.init || !f.shutdown || !f.count || !f.device || !f.name || !f.energy_millijoules || !f.error_text) {
    why = "the NVIDIA driver is older than the energy counters (release 410)";
    return nullptr;
  }
  if (int code = f.init()) {
    why = cat("NVML does not start: ", f.error_text(code));
    return nullptr;
  }
  return std::shared_ptr<Nvml>(new Nvml(f));
}

Nvml::~Nvml() { functions_.shutdown(); }

std::vector<std::string> Nvml::gpu_names() const {
  std::vector<std::string> names;
  unsigned count = 0;
  if (functions_.count(&count) != 0) return names;
  for (unsigned i = 0; i < count; ++i) {
    NvmlFunctions::Device device = nullptr;
    std::array<char, 96> name{};
    const bool known = functions_.device(i, &device) == 0 && functions_.name(device, name.data(), name.size() - 1) == 0;
    names.emplace_back(known ? name.data() : "unknown");
  }
  return names;
}

std::optional<double> Nvml::joules(int index, std::string& why) const {
  NvmlFunctions::Device device = nullptr;
  unsigned long long millijoules = 0;
  int code = functions_.device(static_cast<unsigned>(index), &device);
  if (code == 0) code = functions_.energy_millijoules(device, &millijoules);
  if (code == 0) return static_cast<double>(millijoules) * 1e-3;
  why = cat("GPU ", index, ": ", functions_.error_text(code));
  return std::nullopt;
}

}  // namespace hasten
