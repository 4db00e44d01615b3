// Energy counters: RAPL through the kernel's powercap tree, and NVML.
#include "hasten/meter/energy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <vector>

#include "hasten/base/text.h"
#include "hasten/meter/nvml.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::string line;
  std::ifstream(path) >> line;
  return line;
}

// One zone of the powercap tree: a counter in microjoules that starts again at its range.
class Zone {
 public:
  // `code` is 0 or the errno of the counter's file.
  Zone(const fs::path& folder, int& code) : name_(first_line(folder / "name")), path_((folder / "energy_uj").string()) {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const std::string range = first_line(folder / "max_energy_range_uj");
    std::from_chars(range.data(), range.data() + range.size(), range_);
    code = descriptor_ < 0 ? errno : read(last_) ? 0 : EIO;
  }
  Zone(Zone&& other) noexcept { *this = std::move(other); }
  Zone& operator=(Zone&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(range_, other.range_);
    std::swap(last_, other.last_);
    std::swap(total_, other.total_);
    return *this;
  }
  ~Zone() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  // Microjoules since the zone was opened. Must be asked at least once while the counter goes round, which takes
  // minutes at the least.
  uint64_t microjoules() {
    uint64_t now = last_;
    if (!read(now)) return total_;
    total_ += now >= last_ ? now - last_ : range_ - last_ + now;
    last_ = now;
    return total_;
  }
  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

 private:
  bool read(uint64_t& value) const {
    std::array<char, 32> text{};
    const ssize_t length = ::pread(descriptor_, text.data(), text.size(), 0);
    return length > 0 && std::from_chars(text.data(), text.data() + length, value).ec == std::errc();
  }

  std::string name_, path_;
  int descriptor_ = -1;
  uint64_t range_ = 0, last_ = 0, total_ = 0;
};

// The zones whose sum is the energy of processors and memory. A package counts its cores and graphics, which are left
// out; it does not count memory ("dram"). "psys" counts the packages again, and intel-rapl-mmio is a second view of them.
bool counts(const std::string& folder, const std::string& name) {
  if (!folder.starts_with("intel-rapl:")) return false;
  return name == "dram" || name.starts_with("package-");
}

class CounterMeter final : public EnergyMeter {
 public:
  double joules() override {
    uint64_t microjoules = 0;
    for (Zone& zone : zones_) microjoules += zone.microjoules();
    double total = static_cast<double>(microjoules) * 1e-6;
    if (nvml_ != nullptr) {
      std::string why;
      gpu_last_ = nvml_->joules(device_, why).value_or(gpu_last_);
      total += gpu_last_ - gpu_start_;
    }
    return total;
  }
  std::string source() const override {
    std::vector<std::string> names;
    if (!zones_.empty()) {
      std::vector<std::string> zones;
      for (const Zone& zone : zones_) zones.push_back(zone.name());
      names.push_back("RAPL " + join(zones, " + "));
    }
    if (nvml_ != nullptr) names.push_back(cat("NVML GPU ", gpu_));
    return join(names, ", ");
  }
  bool any() const { return !zones_.empty() || nvml_ != nullptr; }

  void open_zones(const fs::path& powercap, std::string& why) {
    std::vector<fs::path> folders;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(powercap, error)) folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) {
      if (!counts(folder.filename().string(), first_line(folder / "name"))) continue;
      int code = 0;
      Zone zone(folder, code);
      if (code == 0) zones_.push_back(std::move(zone));
      else why = zone.path() + ": " + std::strerror(code);
      if (code == EACCES) why += "; to allow it: sudo chmod a+r " + (powercap / "intel-rapl:*/energy_uj").string();
    }
    // All or nothing: a sum without one socket would be wrong, not just incomplete.
    if (!why.empty()) zones_.clear();
    if (zones_.empty() && why.empty()) {
      why = "no RAPL counter in " + powercap.string() + " (virtual machines and containers seldom have one)";
    }
  }
  void open_gpu(int gpu, std::shared_ptr<Nvml> nvml, std::string& why) {
    if (nvml == nullptr) return;
    const std::optional<NvmlFunctions::Device> device = nvml->find(gpu, why);
    const std::optional<double> start = device ? nvml->joules(*device, why) : std::nullopt;
    if (!start) {
      why = cat("GPU ", gpu, ": ", why);
      return;
    }
    nvml_ = std::move(nvml);
    device_ = *device;
    gpu_ = gpu;
    gpu_start_ = gpu_last_ = *start;
  }

 private:
  std::vector<Zone> zones_;
  std::shared_ptr<Nvml> nvml_;
  NvmlFunctions::Device device_ = nullptr;
  int gpu_ = -1;
  double gpu_start_ = 0, gpu_last_ = 0;
};

}  // namespace

std::unique_ptr<EnergyMeter> EnergyMeter::open(int gpu, std::string& why, const fs::path& powercap) {
  std::string no_driver;
  std::shared_ptr<Nvml> nvml = gpu >= 0 ? Nvml::open(no_driver) : nullptr;
  std::unique_ptr<EnergyMeter> meter = open(gpu, std::move(nvml), why, powercap);
  if (!no_driver.empty()) why = no_driver + (why.empty() ? "" : "; " + why);
  return meter;
}

std::unique_ptr<EnergyMeter> EnergyMeter::open(int gpu, std::shared_ptr<Nvml> nvml, std::string& why,
                                               const fs::path& powercap) {
  auto meter = std::make_unique<CounterMeter>();
  std::string no_gpu, no_zones;
  if (gpu >= 0) meter->open_gpu(gpu, std::move(nvml), no_gpu);
  meter->open_zones(powercap, no_zones);
  why = no_gpu + (no_gpu.empty() || no_zones.empty() ? "" : "; ") + no_zones;
  if (!meter->any()) return nullptr;
  return meter;
}

}  // namespace hasten
