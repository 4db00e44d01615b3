// What a device event is for. The name rules are HTA's, as plain comparisons: a regex per event costs more than the parse.
#include "hasten/trace/kernel_type.h"

#include <algorithm>
#include <array>

namespace hasten::trace {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// "torch/utils/data/dataloader.py(628): __next__"
bool is_fetch_frame(std::string_view name) {
  constexpr std::array<std::string_view, 4> kFetches = {"__next__", "_next_data", "_get_data", "_try_get_data"};
  size_t split = name.rfind("): ");
  if (split == std::string_view::npos || !has(name.substr(0, split), "dataloader.py(")) return false;
  return std::find(kFetches.begin(), kFetches.end(), name.substr(split + 3)) != kFetches.end();
}

// HTA's patterns are tried at the start of the name (re.match), and ".*X" there means "X anywhere in the first line".
std::string_view first_line(std::string_view name) { return name.substr(0, name.find('\n')); }

}  // namespace

std::string_view kernel_type_name(KernelType type) {
  constexpr std::array<std::string_view, 4> kNames = {"COMMUNICATION", "MEMORY", "COMPUTATION", "OTHER"};
  return kNames[static_cast<size_t>(type)];
}

KernelType kernel_type_of_name(std::string_view name) {
  std::string_view line = first_line(name);
  if (name.starts_with("nccl") || name.starts_with("hccl") || has(line, "ncclKernel"))
    return KernelType::kCommunication;
  if (name.starts_with("hip")) return KernelType::kCommunication;  // also hipMemcpy: this rule is asked before the next
  if (name.starts_with("Memcpy") || name.starts_with("Memset") || name.starts_with("dma")) return KernelType::kMemory;
  bool other = has(line, "Memcpy") || has(line, "Memset") || has(line, "dma") || has(line, "Sync") ||
               name.starts_with("Stream Wait Event") || name.starts_with("runFunction") ||
               name.starts_with("job_exe") || name.starts_with("packet") || name.starts_with("pe_exe") ||
               name.starts_with("cpum_exe_subgraph") || name.starts_with("collective_subgraph_execution");
  if (!other && name.starts_with("cuda")) other = has(line, "LaunchKernel");
  return other ? KernelType::kOther : KernelType::kComputation;
}

bool is_collective_kernel(std::string_view name) {
  return name.starts_with("nccl") || name.starts_with("hccl") || name.starts_with("oneccl") ||
         has(name, "ncclKernel") || has(name, "ncclDevKernel") || has(name, "rcclKernel") || has(name, "nvshmem") ||
         has(name, "c10d::symmetric_memory");
}

KernelType kernel_type_of(Category category, std::string_view name) {
  switch (category) {
    case Category::kMemcpy:
    case Category::kMemset: return KernelType::kMemory;
    case Category::kCollective: return KernelType::kCommunication;
    case Category::kKernel:
      if (is_collective_kernel(name)) return KernelType::kCommunication;
      if (name.starts_with("Memcpy") || name.starts_with("Memset") || name.starts_with("dma"))
        return KernelType::kMemory;
      return KernelType::kComputation;
    default: return kernel_type_of_name(name);
  }
}

KernelType kernel_type_like_tracelens(Category category, std::string_view name) {
  if (category == Category::kMemcpy) return KernelType::kMemory;
  return has(name, "nccl") ? KernelType::kCommunication : KernelType::kComputation;
}

bool is_hta_launch(std::string_view name) {
  constexpr std::array<std::string_view, 12> kLaunches = {"cudaLaunchKernel",
                                                          "cudaLaunchKernelExC",
                                                          "cuLaunchKernel",
                                                          "cuLaunchKernelEx",
                                                          "cudaMemcpyAsync",
                                                          "cudaMemsetAsync",
                                                          "runFunction - job_prep_and_submit_for_execution",
                                                          "hipLaunchKernel",
                                                          "hipExtModuleLaunchKernel",
                                                          "hipMemsetAsync",
                                                          "hipMemcpyAsync",
                                                          "hipMemcpyWithStream"};
  return std::find(kLaunches.begin(), kLaunches.end(), name) != kLaunches.end();
}

bool is_blocking(std::string_view name) {
  constexpr std::array<std::string_view, 16> kBlocking = {
      "cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize", "cudaMemcpy",
      "hipDeviceSynchronize",  "hipStreamSynchronize",  "hipEventSynchronize",  "hipMemcpy",
      "cuCtxSynchronize",      "cuStreamSynchronize",   "cuEventSynchronize",   "hipMemcpyWithStream",
      "Context Sync",          "Stream Sync",           "Event Sync",           "urEventWait"};
  return std::find(kBlocking.begin(), kBlocking.end(), name) != kBlocking.end();
}

bool is_data_wait(Category category, std::string_view name) {
  if (category == Category::kPython) return is_fetch_frame(name);
  return has(name, "DataLoader") || has(name, "dataloader") || has(name, "data_loader") || has(name, "loader_wait") ||
         has(name, "DataPipe") || name == "data_load" || name.starts_with("next_batch");
}

bool is_collective_operator(std::string_view name) {
  return name.starts_with("c10d::") || name.starts_with("gloo:") || name.starts_with("nccl:") ||
         name.starts_with("mpi:") || name.starts_with("ucc:") || name.starts_with("_c10d_functional::") ||
         name.starts_with("record_param_comms");
}

std::string short_name(std::string_view name) {
  if (name.starts_with("Memcpy") || name.starts_with("Memset")) return std::string(name);
  std::string out;
  int angle = 0, round = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c == '-' && i + 1 < name.size() && name[i + 1] == '>') {
      ++i;
      continue;
    }
    if (name.substr(i).starts_with("(anonymous namespace)")) {
      i += std::string_view("(anonymous namespace)").size() - 1;
      if (i + 2 < name.size() && name.substr(i + 1, 2) == "::") i += 2;
      continue;
    }
    if (c == '<') ++angle;
    if (c == '(') ++round;
    if (angle == 0 && round == 0) out += c;
    if (c == '>' && angle > 0) --angle;
    if (c == ')' && round > 0) --round;
  }
  size_t space = out.rfind(' ');
  if (space != std::string::npos && space + 1 < out.size() && out.starts_with("void ")) out = out.substr(space + 1);
  return out.empty() ? std::string(name) : out;
}

std::string hta_short_name(std::string_view name) {
  bool memory = name.starts_with("Memcpy") || name.starts_with("Memset") || name.starts_with("dma");
  if (memory || name.find_first_of("<(") == std::string_view::npos) return std::string(name);
  std::string kept;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c == '-' && i + 1 < name.size() && name[i + 1] == '>') {
      ++i;
    } else if (c == '>' || c == ')') {  // back to the bracket that opens; without one, back to the beginning
      size_t open = kept.rfind(c == '>' ? '<' : '(');
      kept.resize(open == std::string::npos ? 0 : open);
    } else {
      kept += c;
    }
  }
  return kept.substr(kept.rfind(' ') + 1);
}

}  // namespace hasten::trace
