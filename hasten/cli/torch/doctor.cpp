// Judging a machine: pure functions from facts to a report.
#include "hasten/cli/torch/doctor.h"

#include <iomanip>
#include <sstream>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"

namespace hasten::cli {
namespace {

constexpr int64_t kGibibyte = int64_t{1} << 30;

std::string gibibytes(int64_t bytes) {
  return fixed(static_cast<double>(bytes) / static_cast<double>(kGibibyte), 1) + " GiB";
}

std::string counted(int64_t count, const std::string& what) { return cat(count, ' ', what, count == 1 ? "" : "s"); }

class Lacks {
 public:
  void add(bool lacking, const char* about, const std::string& lack, const std::string& advice) {
    if (lacking) list_.push_back({{"about", about}, {"lack", lack}, {"advice", advice}});
  }
  Json take() { return std::move(list_); }

 private:
  Json list_ = Json::array();
};

void judge_torch(const DoctorFacts& facts, Lacks& lacks) {
  const TorchBuild& torch = facts.torch;
  lacks.add(!torch.gpu_names.empty() && !torch.cuda_built, "GPU",
            "LibTorch is built without CUDA, so " + join(torch.gpu_names, ", ") + " stays idle",
            "install a CUDA LibTorch and the CUDA toolkit, then configure again with Torch_DIR set to it");
  lacks.add(torch.cuda_built && !torch.cuda_available, "GPU", "LibTorch has CUDA and finds no GPU",
            "check the driver with nvidia-smi, and CUDA_VISIBLE_DEVICES");
  lacks.add(!torch.mkldnn, "LibTorch", "built without oneDNN: convolutions are several times slower",
            "use the LibTorch that tools/setup installs");
  lacks.add(!torch.bf16_native, "bf16", "no bf16 instructions (avx512_bf16, amx_bf16, or bf16 on Arm)",
            "leave mixed_precision out: without them bf16 is slower than fp32");
}

void judge_machine(const DoctorFacts& facts, Lacks& lacks) {
  const Machine& machine = facts.machine;
  lacks.add(machine.cores == 1, "CPU", "one core: nothing overlaps with training",
            "allow this process more cores if there are any (taskset, container limits)");
  lacks.add(
      facts.torch.threads < machine.physical_cores && facts.torch.threads < machine.cores, "CPU",
      cat("LibTorch uses ", counted(facts.torch.threads, "thread"), " of ", counted(machine.physical_cores, "core")),
      "unset OMP_NUM_THREADS, or give --threads");
  lacks.add(
      machine.load_average > 0.5 * static_cast<double>(machine.cores), "load",
      cat("the load was ", fixed(machine.load_average, 1), " in the last minute, on ", counted(machine.cores, "core")),
      "clocks are only comparable on a quiet machine: wait, or stop them before a race");
  lacks.add(machine.numa_nodes > 1, "NUMA",
            counted(machine.numa_nodes, "memory node") + ": a thread may work on far memory",
            "for one run at a time bind it: numactl --cpunodebind=0 --membind=0 hasten train ...");
  lacks.add(machine.available_bytes < 2 * kGibibyte, "memory",
            "only " + gibibytes(machine.available_bytes) + " are available",
            "close other programs, or train with a smaller batch.microbatch");
  lacks.add(!facts.allocator_keeps_memory, "allocator",
            "freed memory goes back to the kernel and page-faults anew at every step (up to 40% of an fp32 step)",
            "use glibc's own malloc: unset LD_PRELOAD and GLIBC_TUNABLES");
}

Json judge(const DoctorFacts& facts) {
  Lacks lacks;
  judge_torch(facts, lacks);
  judge_machine(facts, lacks);
  for (const DataFact& data : facts.data)
    lacks.add(data.folder.empty(), "data", data.name + " is not here", data.how_to_get);
  lacks.add(facts.disk_free_bytes < kGibibyte, "disk",
            "only " + gibibytes(facts.disk_free_bytes) + " are free in " + facts.folder,
            "free some, or name another folder with --out: a run with checkpoints may need as much");
  lacks.add(!facts.energy_lack.empty(), "energy", facts.energy_lack,
            facts.energy_source.empty() ? "nothing must be done: joules are reported as unavailable, never guessed"
                                        : "joules count only " + facts.energy_source);
  return lacks.take();
}

}  // namespace

Json doctor_report(const DoctorFacts& facts) {
  const Machine& machine = facts.machine;
  const TorchBuild& torch = facts.torch;
  Json data = Json::array();
  for (const DataFact& fact : facts.data) {
    data.push_back({{"name", fact.name}, {"folder", fact.folder.empty() ? Json() : Json(fact.folder)}});
  }
  return {{"hasten", {{"version", version_text()}, {"commit", commit_text()}, {"build", build_text()}}},
          {"machine",
           {{"cpu", machine.cpu},
            {"system", machine.system},
            {"host_id", machine.host_id},
            {"cores", machine.cores},
            {"physical_cores", machine.physical_cores},
            {"numa_nodes", machine.numa_nodes},
            {"features", machine.features},
            {"memory_bytes", machine.memory_bytes},
            {"available_bytes", machine.available_bytes},
            {"load_average", machine.load_average}}},
          {"libtorch",
           {{"version", torch.version},
            {"threads", torch.threads},
            {"parallel_backend", torch.parallel_backend},
            {"onednn", torch.mkldnn},
            {"bf16_native", torch.bf16_native},
            {"cuda_built", torch.cuda_built},
            {"cuda_available", torch.cuda_available}}},
          {"gpus", torch.gpu_names},
          {"allocator", {{"keeps_freed_memory", facts.allocator_keeps_memory}}},
          {"energy", {{"source", facts.energy_source.empty() ? Json() : Json(facts.energy_source)}}},
          {"data", std::move(data)},
          {"disk", {{"folder", facts.folder}, {"free_bytes", facts.disk_free_bytes}}},
          {"lacks", judge(facts)}};
}

std::string doctor_text(const Json& report) {
  std::ostringstream out;
  auto line = [&](const std::string& name, const std::string& text) {
    out << "  " << std::left << std::setw(11) << name << text << "\n";
  };
  const Json &machine = report["machine"], &torch = report["libtorch"];
  auto number_of = [](const Json& json, const char* key) { return json[key].get<int64_t>(); };
  out << "hasten " << report["hasten"]["version"].get<std::string>() << ", commit "
      << report["hasten"]["commit"].get<std::string>().substr(0, 12) << ", "
      << report["hasten"]["build"].get<std::string>() << "\n\n";
  line("CPU",
       cat(machine["cpu"].get<std::string>(), ", ", counted(number_of(machine, "cores"), "core"), " (",
           number_of(machine, "physical_cores"), " physical), ", counted(number_of(machine, "numa_nodes"), "NUMA node"),
           ", load ", fixed(machine["load_average"].get<double>(), 1)));
  line("features", join(machine["features"].get<std::vector<std::string>>(), " "));
  line("memory", gibibytes(number_of(machine, "memory_bytes")) + ", " +
                     gibibytes(number_of(machine, "available_bytes")) + " available");
  const auto gpus = report["gpus"].get<std::vector<std::string>>();
  line("GPU", gpus.empty() ? "none: training runs on the CPU" : join(gpus, ", "));
  line("system", machine["system"].get<std::string>());
  line("LibTorch",
       cat(torch["version"].get<std::string>(), ", ", counted(number_of(torch, "threads"), "thread"), " (",
           torch["parallel_backend"].get<std::string>(), "), ", torch["onednn"].get<bool>() ? "oneDNN" : "no oneDNN",
           ", ", torch["bf16_native"].get<bool>() ? "native bf16" : "no native bf16", ", ",
           torch["cuda_built"].get<bool>() ? "CUDA" : "no CUDA"));
  line("allocator", report["allocator"]["keeps_freed_memory"].get<bool>() ? "keeps freed memory (measured)"
                                                                          : "gives freed memory back (measured)");
  line("energy", report["energy"]["source"].is_null() ? "unavailable" : report["energy"]["source"].get<std::string>());
  line("disk",
       gibibytes(number_of(report["disk"], "free_bytes")) + " free in " + report["disk"]["folder"].get<std::string>());
  for (const Json& data : report["data"]) {
    line("data", data["name"].get<std::string>() + ": " +
                     (data["folder"].is_null() ? "not found" : data["folder"].get<std::string>()));
  }
  if (!report["lacks"].empty()) out << "\nlacking:\n";
  for (const Json& lack : report["lacks"]) {
    line(lack["about"].get<std::string>(), lack["lack"].get<std::string>());
    line("", "-> " + lack["advice"].get<std::string>());
  }
  return out.str();
}

}  // namespace hasten::cli
