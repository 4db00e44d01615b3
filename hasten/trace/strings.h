// Interned strings: every distinct name once, by a small number.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace hasten::trace {

// Views stay valid as long as the table lives; id 0 is the empty string.
class StringTable {
 public:
  StringTable();

  uint32_t intern(std::string_view text);
  // The id of `text`, or kAbsent.
  uint32_t find(std::string_view text) const;
  std::string_view view(uint32_t id) const { return views_[id]; }
  size_t size() const { return views_.size(); }

  static constexpr uint32_t kAbsent = 0xffffffffu;

 private:
  size_t slot_of(std::string_view text, uint64_t hash) const;
  void grow();

  std::vector<std::string_view> views_;
  std::vector<uint64_t> hashes_;   // by id
  std::vector<uint32_t> slots_;    // open addressing; kAbsent is free
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_used_ = 0, block_size_ = 0;
};

}  // namespace hasten::trace
