// Fuzzes every format of samples and tokens: whatever the bytes are, the answer is samples whose records lie in their
// files, or an error with a place. The first byte says which parser the rest is for (make_formats_corpus.py makes seeds).
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/loader/fetch/zip_reader.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/formats/tokens.h"
#include "tests/fuzz/scratch_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace hasten;

constexpr int64_t kMostSamplesRead = 64;
constexpr uint64_t kMostBytesRead = 1 << 20;

fs::path put(const std::string& name, std::string_view bytes) {
  const fs::path path = scratch_folder() / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

void must(bool holds) {
  if (!holds) std::abort();
}

// What an index promises must be there.
void use(const SampleIndex& index) {
  const std::vector<SampleFile>& files = index.files();
  std::vector<UnpackedBytes> unpacked(files.size());
  const int64_t count = std::min(index.size(), kMostSamplesRead);
  for (int64_t i = 0; i < count; ++i) {
    const SampleEntry entry = index.entry(i);
    must(entry.file < files.size());
    const SampleFile& file = files[entry.file];
    must(entry.offset <= file.bytes && entry.bytes <= file.bytes - entry.offset);
    must(entry.codec != Codec::kRaw || entry.width == 0 || index.format() == "mds" ||
         entry.bytes == uint64_t{entry.width} * entry.height * entry.channels);
    if (entry.bytes > kMostBytesRead) continue;
    std::vector<uint8_t> record;
    try {
      if (file.unpack) {
        if (!unpacked[entry.file]) unpacked[entry.file] = file.unpack();
        must(unpacked[entry.file]->size() == file.bytes);
        const auto begin = unpacked[entry.file]->begin() + static_cast<ptrdiff_t>(entry.offset);
        record.assign(begin, begin + static_cast<ptrdiff_t>(entry.bytes));
      } else {
        record = InputFile(file.path).read(entry.offset, entry.bytes);
      }
      const SamplePayload payload = index.payload(i, entry, record);
      if (payload.codec == Codec::kRaw || payload.codec == Codec::kPlanar)
        must(payload.bytes.size() == uint64_t{payload.width} * payload.height * payload.channels);
      must(payload.bytes.empty() || (payload.bytes.data() >= record.data() &&
                                     payload.bytes.data() + payload.bytes.size() <= record.data() + record.size()));
    } catch (const DataError&) {}
    index.describe(i);
  }
  index.classes();
}

void use_all(const fs::path& path) {
  for (const std::string& part : parts_of(path)) use(*open_samples(path, part));
}

void use(const TokenStream& stream) {
  must(stream.size() > 0);
  std::vector<int32_t> tokens(static_cast<size_t>(std::min<int64_t>(stream.size(), 300)));
  stream.read(0, tokens);
  stream.read(stream.size() - static_cast<int64_t>(tokens.size()), tokens);
  const int64_t vocabulary = stream.vocabulary_size();
  for (int32_t token : tokens) must(token >= 0 && token < vocabulary);
  stream.text_of(tokens[0]);
}

void use_tokens(const fs::path& path, const TokenOptions& options = {}) {
  for (const std::string& part : token_parts_of(path)) use(*open_tokens(path, part, options));
}

// The description of a shard as it is, so that what the shard holds is what is tested.
void use_mds_shard(std::string_view input) {
  if (input.empty()) return;
  static const char* const kColumns[] = {
      R"("column_names":["x","y"],"column_encodings":["ndarray:uint8","uint8"],"column_sizes":[null,1])",
      R"("column_names":["class","image","meta","object"],"column_encodings":["int","bytes","json","pkl"],"column_sizes":[8,null,null,null])",
      R"("column_names":["length","text"],"column_encodings":["int","str"],"column_sizes":[8,null])",
      R"("column_names":["tokens"],"column_encodings":["ndarray:uint16"],"column_sizes":[null])",
      R"("column_names":["image","label"],"column_encodings":["pil","str_int"],"column_sizes":[null,null])",
      R"("column_names":["x"],"column_encodings":["ndarray"],"column_sizes":[null])",
      R"("column_names":["x"],"column_encodings":["ndarray:uint8:2,2,3"],"column_sizes":[12])"};
  const size_t columns = static_cast<uint8_t>(input[0]) % std::size(kColumns);
  const std::string_view shard = input.substr(1);
  const uint32_t samples = shard.size() < 4 ? 0 : le32(reinterpret_cast<const uint8_t*>(shard.data()));
  put("mds/index.json", cat(R"({"version":2,"shards":[{"format":"mds",)", kColumns[columns],
                            R"(,"raw_data":{"basename":"s.mds","bytes":)", shard.size(),
                            R"(},"zip_data":null,"samples":)", samples, "}]}"));
  put("mds/s.mds", shard);
  use_all(scratch_folder() / "mds");
}

// Every block of 512 bytes gets the checksum of a header: what is behind that check is reached, too.
std::string with_tar_checksums(std::string bytes) {
  for (size_t block = 0; block + 512 <= bytes.size(); block += 512) {
    bytes.replace(block + 148, 8, "        ");
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<uint8_t>(bytes[block + i]);
    if (sum == 8 * ' ') {  // an end
      bytes.replace(block + 148, 8, std::string(8, '\0'));
      continue;
    }
    for (int digit = 5; digit >= 0; --digit, sum /= 8)
      bytes[block + 148 + static_cast<size_t>(digit)] = static_cast<char>('0' + sum % 8);
    bytes[block + 154] = '\0';
  }
  return bytes;
}

void run_one(uint8_t kind, std::string_view bytes) {
  switch (kind % 12) {
    case 0: return use_all(put("a.beton", bytes));
    case 1: {
      put("mds_index/shard.00000.mds", std::string(64, '\0'));
      return use_all(put("mds_index/index.json", bytes).parent_path());
    }
    case 2: return use_mds_shard(bytes);
    case 3: {
      put("idx/train-labels-idx1-ubyte", std::string("\0\0\x08\1\0\0\0\2\1\2", 10));
      put("idx/train-images-idx3-ubyte", bytes);
      return use_all(scratch_folder() / "idx");
    }
    case 4: return use_all(put("cifar/data_batch_1.bin", bytes).parent_path());
    case 5: return use_all(put("a.tar", bytes));
    case 6: {
      put("npy/labels.npy", bytes);
      return use_all(put("npy/images.npy", bytes).parent_path());
    }
    case 7: return use_tokens(put("a.bin", bytes));
    case 8: {
      const ZipReader reader(put("a.zip", bytes));
      for (const ZipEntry& entry : reader.entries()) {
        must(entry.name.empty() || (entry.name.front() != '/' && !entry.name.starts_with("../")));
        try {
          reader.read(entry, [](std::span<const uint8_t>) {});
        } catch (const DataError&) {}
      }
      return;
    }
    case 9: {
      const fs::path path = put("a.txt", bytes);
      use_tokens(path, {.unit = TextUnit::kByte});
      return use_tokens(path);
    }
    case 10: {
      const fs::path text = put("b.txt", "ab a\nb aab b");
      return use_tokens(
          text, {.unit = TextUnit::kVocabulary, .vocabulary = put(bytes.starts_with("[") ? "v.json" : "v.txt", bytes)});
    }
    default: return use_all(put("a.tar", with_tar_checksums(std::string(bytes))));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    run_one(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  } catch (const hasten::ConfigError&) {
  } catch (const hasten::DataError&) {}
  return 0;
}
