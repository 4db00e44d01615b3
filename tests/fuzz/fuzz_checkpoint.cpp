// Fuzzes the reader of checkpoints: whatever the bytes are, the answer is the state that was asked for or a DataError. The
// first byte says whether the checksum is made to fit again, which hardly any mutation would get past.
#include <cstdint>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/core/named_tensor.h"
#include "hasten/train/checkpoint.h"

namespace {

using namespace hasten;

constexpr size_t kDigestBytes = 8;

void enumerate(StateVisitor& visitor) {
  at::Tensor weight, late;
  std::vector<at::Tensor> list;
  std::vector<NamedTensor> named;
  int64_t count = 0;
  double number = 0;
  bool flag = false;
  std::string text;
  std::vector<int64_t> order;
  StateVisitor::Scope scope(visitor, "part");
  visitor.tensor("weight", weight);
  visitor.tensor("late", late);
  visitor.tensors("list", list);
  visit_named(visitor, "named", named);
  visitor.integer("count", count);
  visitor.number("number", number);
  visitor.truth("flag", flag);
  visitor.text("text", text);
  visitor.integers("order", order);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 0 && bytes.size() >= kDigestBytes) {
    const uint64_t digest = hash64(std::string_view(bytes).substr(0, bytes.size() - kDigestBytes));
    for (size_t i = 0; i < kDigestBytes; ++i)
      bytes[bytes.size() - kDigestBytes + i] = static_cast<char>(digest >> (8 * i));
  }
  try {
    const CheckpointReader reader("c.safetensors", std::move(bytes));
    reader.restore(enumerate);
  } catch (const DataError&) {}
  return 0;
}
