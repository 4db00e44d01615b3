// Runs a fuzz target on files and on mutations of them: replay CORPUS [MUTATIONS PER FILE]. The same on every machine.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "hasten/base/files.h"
#include "hasten/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::string mutated(std::string bytes, hasten::RandomStream& random) {
  for (uint64_t n = 1 + random.below(6); n > 0; --n) {
    if (bytes.size() < 2) return bytes;
    size_t at = 1 + random.below(bytes.size() - 1), length = 1 + random.below(std::min<size_t>(bytes.size() - at, 32));
    switch (random.below(6)) {
      case 0: bytes[at] = static_cast<char>(random.bits()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8))); break;
      case 2: bytes.erase(at, length); break;
      case 3: bytes.insert(at, bytes.substr(1 + random.below(bytes.size() - 1), length)); break;
      case 4: bytes.resize(at); break;
      default: {
        constexpr const char* kWords[] = {"nan", "-1", "1e999", "\"", "\n", "{", "[[claim]]", "9999999999999999999",
                                          "\0",  ",,,"};
        bytes.insert(at, kWords[random.below(10)]);
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  uint64_t mutations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (size_t f = 0; f < files.size(); ++f) {
    std::string seed = hasten::read_file(files[f]);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
    for (uint64_t m = 0; m < mutations; ++m) {
      hasten::RandomStream random(1, hasten::operation("fuzz.replay"), f, m);
      std::string bytes = mutated(seed, random);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    }
  }
  std::printf("%zu files, %llu mutations each\n", files.size(), static_cast<unsigned long long>(mutations));
  return files.empty() ? 1 : 0;
}
