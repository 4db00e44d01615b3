#include "hasten/kernels/use.h"

#include <atomic>

namespace hasten {
namespace {

std::atomic<bool> g_fused{true};

}  // namespace

void use_fused_kernels(bool use) { g_fused = use; }
bool uses_fused_kernels() { return g_fused; }

}  // namespace hasten
