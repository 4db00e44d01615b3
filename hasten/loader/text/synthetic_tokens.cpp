// A chain of Markov's of order two.
#include "hasten/loader/text/synthetic_tokens.h"

#include <algorithm>

#include "hasten/base/rng.h"

namespace hasten {
namespace {

class SyntheticStream final : public TokenStream {
 public:
  explicit SyntheticStream(const SyntheticTokens& wanted) : vocabulary_(wanted.vocabulary) {
    const auto known = static_cast<uint64_t>(vocabulary_);
    const uint64_t rule = mix(wanted.seed, operation("synthetic_tokens.rule"));
    RandomStream random(wanted.seed, operation("synthetic_tokens.text"), wanted.part, 0);
    tokens_.reserve(static_cast<size_t>(wanted.count));
    uint64_t before = 0, last = 0;
    for (int64_t i = 0; i < wanted.count; ++i) {
      const bool by_chance = random.uniform() < wanted.noise;
      const uint64_t next = by_chance ? random.below(known) : mix(rule, before * known + last) % known;
      tokens_.push_back(static_cast<int32_t>(next));
      before = last;
      last = next;
    }
  }

  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(tokens_.size()); }
  int64_t vocabulary_size() const override { return vocabulary_; }
  void read(int64_t position, std::span<int32_t> out) const override {
    std::copy_n(tokens_.begin() + position, out.size(), out.begin());
  }
  const std::vector<std::filesystem::path>& files() const override { return files_; }

 private:
  int64_t vocabulary_;
  std::vector<int32_t> tokens_;
  std::string format_ = "synthetic";
  std::vector<std::filesystem::path> files_{"synthetic text"};
};

}  // namespace

std::unique_ptr<TokenStream> synthetic_tokens(const SyntheticTokens& wanted) {
  return std::make_unique<SyntheticStream>(wanted);
}

}  // namespace hasten
