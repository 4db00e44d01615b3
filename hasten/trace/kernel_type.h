// What a device event is for, told by its category and name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hasten/trace/trace.h"

namespace hasten::trace {

enum class KernelType : uint8_t { kCommunication, kMemory, kComputation, kOther };

std::string_view kernel_type_name(KernelType type);  // "COMMUNICATION", as HTA writes it

// HTA's rule: by the name alone (HolisticTraceAnalysis 0.6, hta/utils/utils.py).
KernelType kernel_type_of_name(std::string_view name);

// Ours: the category decides what is a copy, the name what is communication; a kernel is never "other".
KernelType kernel_type_of(Category category, std::string_view name);

// TraceLens's (TreePerf/gpu_event_analyser.py): it knows kernels, copies and sets, and counts sets as computation.
KernelType kernel_type_like_tracelens(Category category, std::string_view name);

// A collective of NCCL, RCCL, HCCL, or of a library of its kind.
bool is_collective_kernel(std::string_view name);
// A call on the host that HTA takes for a launch (hta/common/trace_symbol_table.py). Ours are known by what they started.
bool is_hta_launch(std::string_view name);
// A call on the host that waits for a device.
bool is_blocking(std::string_view name);
// A loader handing over a batch: an annotation like "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__", or
// the Python frame that fetches it. Other frames of a loader's file do not wait, and some enclose a whole epoch.
bool is_data_wait(Category category, std::string_view name);
// A communication operator on the host side ("c10d::allreduce_", "gloo:all_reduce", "nccl:all_reduce").
bool is_collective_operator(std::string_view name);

// A kernel's or operator's name without arguments and template parameters.
std::string short_name(std::string_view name);
// The same by HTA's rule: what is left after brackets are taken out, from the last blank on.
std::string hta_short_name(std::string_view name);

}  // namespace hasten::trace
