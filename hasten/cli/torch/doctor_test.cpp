// The doctor's judgement on made-up machines: nothing to say of a good one, one advice for each lack.
#include "hasten/cli/torch/doctor.h"

#include <gtest/gtest.h>

#include "hasten/base/json.h"

namespace hasten::cli {
namespace {

DoctorFacts good_machine() {
  DoctorFacts facts;
  facts.machine = {.cpu = "Some CPU",
                   .system = "Linux",
                   .host_id = "00",
                   .cores = 8,
                   .physical_cores = 8,
                   .numa_nodes = 1,
                   .memory_bytes = int64_t{32} << 30,
                   .available_bytes = int64_t{16} << 30,
                   .features = {"avx2", "avx512_bf16"},
                   .load_average = 0.1};
  facts.torch = {.version = "2.13.0",
                 .mkldnn = true,
                 .bf16_native = true,
                 .threads = 8,
                 .gpu_names = {},
                 .parallel_backend = "OpenMP"};
  facts.allocator_keeps_memory = true;
  facts.energy_source = "RAPL package-0";
  facts.data = {{"fashion-mnist", "/data", "get it"}};
  facts.folder = "/data/runs";
  facts.disk_free_bytes = int64_t{100} << 30;
  return facts;
}

std::vector<std::string> lacks(const DoctorFacts& facts) {
  std::vector<std::string> about;
  const Json report = doctor_report(facts);
  for (const Json& lack : report["lacks"]) {
    EXPECT_FALSE(lack["lack"].get<std::string>().empty());
    EXPECT_FALSE(lack["advice"].get<std::string>().empty());
    EXPECT_NE(doctor_text(report).find(lack["advice"].get<std::string>()), std::string::npos);
    about.push_back(lack["about"]);
  }
  return about;
}

using Names = std::vector<std::string>;

TEST(DoctorTest, AGoodMachineLacksNothing) {
  EXPECT_EQ(lacks(good_machine()), Names{});
  const std::string text = doctor_text(doctor_report(good_machine()));
  EXPECT_EQ(text.find("lacking"), std::string::npos);
  for (const char* part : {"Some CPU, 8 cores (8 physical), 1 NUMA node", "32.0 GiB, 16.0 GiB available",
                           "2.13.0, 8 threads (OpenMP), oneDNN, native bf16, no CUDA", "RAPL package-0",
                           "fashion-mnist: /data", "100.0 GiB free in /data/runs", "GPU        none"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
}

TEST(DoctorTest, EachLackIsNamedOnce) {
  auto with = [](auto&& change) {
    DoctorFacts facts = good_machine();
    change(facts);
    return lacks(facts);
  };
  EXPECT_EQ(with([](auto& f) { f.torch.bf16_native = false; }), Names{"bf16"});
  EXPECT_EQ(with([](auto& f) { f.torch.mkldnn = false; }), Names{"LibTorch"});
  EXPECT_EQ(with([](auto& f) { f.torch.gpu_names = {"GPU X"}; }), Names{"GPU"});
  EXPECT_EQ(with([](auto& f) { f.torch.cuda_built = true; }), Names{"GPU"});
  EXPECT_EQ(with([](auto& f) { f.torch.threads = 2; }), Names{"CPU"});
  EXPECT_EQ(with([](auto& f) { f.machine.cores = 1; }), Names{"CPU"});
  EXPECT_EQ(with([](auto& f) { f.machine.cores = 16; }), Names{}) << "a thread for each physical core is enough";
  EXPECT_EQ(with([](auto& f) { f.machine.load_average = 6; }), Names{"load"});
  EXPECT_EQ(with([](auto& f) { f.machine.numa_nodes = 2; }), Names{"NUMA"});
  EXPECT_EQ(with([](auto& f) { f.machine.available_bytes = 1 << 30; }), Names{"memory"});
  EXPECT_EQ(with([](auto& f) { f.allocator_keeps_memory = false; }), Names{"allocator"});
  EXPECT_EQ(with([](auto& f) { f.data[0].folder = ""; }), Names{"data"});
  EXPECT_EQ(with([](auto& f) { f.disk_free_bytes = 1 << 20; }), Names{"disk"});
  EXPECT_EQ(with([](auto& f) {
              f.energy_source = "";
              f.energy_lack = "no counter";
            }),
            Names{"energy"});
}

TEST(DoctorTest, AUsedGpuIsNoLack) {
  DoctorFacts facts = good_machine();
  facts.torch.gpu_names = {"GPU X"};
  facts.torch.cuda_built = facts.torch.cuda_available = true;
  EXPECT_EQ(lacks(facts), Names{});
}

TEST(DoctorTest, ACudaLibTorchWithoutAGpuIsStillOne) {
  DoctorFacts facts = good_machine();
  facts.torch.cuda_built = true;
  EXPECT_NE(doctor_text(doctor_report(facts)).find("native bf16, CUDA\n"), std::string::npos);
}

TEST(DoctorTest, ExaminesThisMachine) {
  const Json report = doctor_report(examine());
  EXPECT_GE(report["machine"]["cores"].get<int64_t>(), 1);
  EXPECT_EQ(report["data"][0]["name"], "fashion-mnist");
  EXPECT_GT(report["disk"]["free_bytes"].get<int64_t>(), 0);
}

}  // namespace
}  // namespace hasten::cli
