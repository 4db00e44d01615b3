// Interned strings: open addressing over an arena.
#include "hasten/trace/strings.h"

#include <algorithm>
#include <cstring>

#include "hasten/base/hash.h"

namespace hasten::trace {

StringTable::StringTable() : slots_(1024, kAbsent) { intern(""); }

size_t StringTable::slot_of(std::string_view text, uint64_t hash) const {
  size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != kAbsent) {
    uint32_t id = slots_[slot];
    if (hashes_[id] == hash && views_[id] == text) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

uint32_t StringTable::find(std::string_view text) const { return slots_[slot_of(text, hash64(text))]; }

uint32_t StringTable::intern(std::string_view text) {
  uint64_t hash = hash64(text);
  size_t slot = slot_of(text, hash);
  if (slots_[slot] != kAbsent) return slots_[slot];
  if (block_size_ - block_used_ < text.size()) {
    block_size_ = std::max<size_t>(size_t{1} << 16, text.size());
    blocks_.push_back(std::make_unique<char[]>(block_size_));
    block_used_ = 0;
  }
  if (!text.empty()) std::memcpy(blocks_.back().get() + block_used_, text.data(), text.size());
  std::string_view kept =
      text.empty() ? std::string_view() : std::string_view(blocks_.back().get() + block_used_, text.size());
  block_used_ += text.size();
  auto id = static_cast<uint32_t>(views_.size());
  views_.push_back(kept);
  hashes_.push_back(hash);
  slots_[slot] = id;
  if (views_.size() * 2 > slots_.size()) grow();
  return id;
}

void StringTable::grow() {
  slots_.assign(slots_.size() * 2, kAbsent);
  size_t mask = slots_.size() - 1;
  for (uint32_t id = 0; id < views_.size(); ++id) {
    size_t slot = hashes_[id] & mask;
    while (slots_[slot] != kAbsent) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

}  // namespace hasten::trace
