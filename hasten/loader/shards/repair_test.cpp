// Every byte of a shard is checked, and what can be mended is: flips at all positions, cuts at all lengths.
#include "hasten/loader/shards/repair.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <map>

#include "hasten/base/error.h"
#include "hasten/loader/shards/pack.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_index.h"
#include "hasten/loader/shards/shard_writer.h"
#include "hasten/loader/shards/source_reader.h"
#include "hasten/loader/shards/test_source.h"

namespace hasten::shards {
namespace {

using testing::HasSubstr;

const VerifyOptions kOneThread{.threads = 1};

// A set of three small shards, and what is in the middle one.
class Repair : public testing::Test {
 protected:
  void SetUp() override {
    source_ =
        std::make_unique<TestSource>(folder_ / "source", random_images(15), std::vector<std::string>{"cat", "dog"});
    PackOptions options;
    options.format = PackFormat::kRaw;
    options.shard_bytes = 16384;
    options.threads = 1;
    auto samples = random_images(15);
    // Six samples a shard, by their size: the rest is filled up with a large one.
    for (size_t i = 4; i < samples.size(); i += 5)
      samples[i] = {std::string(6000, 'x'), Codec::kText, 0, 0, 0, 3, cat("text/", i)};
    source_ = std::make_unique<TestSource>(folder_ / "source", samples, std::vector<std::string>{"cat", "dog"});
    pack(*source_, set_, options);
    ASSERT_GE(files_in(set_).shards.size(), 3u);
    shard_ = set_ / shard_name(1);
    whole_ = read_file(shard_);
    header_ = read_header(shard_);
  }

  void put(const std::string& bytes) { std::ofstream(shard_, std::ios::binary) << bytes; }
  void poke(size_t at, char byte) {
    std::fstream file(shard_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }
  std::string flipped(size_t at, int bit = 3) const {
    std::string bytes = whole_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    return bytes;
  }
  IndexEntry entry(uint64_t i) const {
    IndexEntry entry;
    std::memcpy(&entry, whole_.data() + header_.index.offset + i * kEntryBytes, sizeof entry);
    return entry;
  }

  // Where a byte belongs, by the format's description.
  struct Owner {
    Place place;
    int64_t sample;
  };
  Owner owner_of(uint64_t at) const {
    if (at < kHeaderBytes) return {Place::kHeader, -1};
    if (at < header_.data_offset) return {Place::kPadding, -1};
    if (at >= header_.file_bytes - kHeaderBytes) return {Place::kHeaderCopy, -1};
    auto in = [at](const Section& section) { return at >= section.offset && at < section.offset + section.bytes; };
    if (in(header_.index)) return {Place::kIndex, static_cast<int64_t>((at - header_.index.offset) / kEntryBytes)};
    if (in(header_.keys)) return {Place::kKey, -1};
    if (in(header_.classes)) return {Place::kClasses, -1};
    if (in(header_.note)) return {Place::kNote, -1};
    for (uint64_t i = 0; i < header_.samples; ++i) {
      const IndexEntry one = entry(i);
      if (at >= one.offset - kEntryBytes && at < one.offset) return {Place::kFrame, static_cast<int64_t>(i)};
      if (at >= one.offset && at < one.offset + one.bytes) return {Place::kRecord, static_cast<int64_t>(i)};
    }
    return {Place::kPadding, -2};  // of some sample, or behind a table
  }

  void expect_readable(const std::vector<int64_t>& lost) {
    auto packed = open_shards(set_);
    ASSERT_EQ(packed->size(), source_->size() - static_cast<int64_t>(lost.size()));
    SourceReader reader(*packed);
    RecordBuffer buffer;
    int64_t at = 0;
    for (int64_t i = 0; i < source_->size(); ++i) {
      if (std::find(lost.begin(), lost.end(), i) != lost.end()) continue;
      const auto record = reader.read(packed->entry(at), buffer);
      ASSERT_EQ(std::string(record.begin(), record.end()), source_->samples()[static_cast<size_t>(i)].bytes) << i;
      ASSERT_EQ(packed->entry(at).label, source_->samples()[static_cast<size_t>(i)].label) << i;
      ++at;
    }
  }

  void expect_salvaged(size_t length) {
    put(whole_.substr(0, length));
    ASSERT_FALSE(verify_shards(shard_, kOneThread).damages.empty()) << length;
    ASSERT_THROW(open_shards(set_), DataError) << length;
    const RepairResult repaired = repair_shards(set_, kOneThread);
    ASSERT_EQ(repaired.repaired.size(), 1u);
    std::vector<int64_t> lost;
    for (uint64_t i = 0; i < header_.samples; ++i) {
      if (entry(i).offset + entry(i).bytes > length) lost.push_back(static_cast<int64_t>(entry(i).source));
    }
    ASSERT_EQ(repaired.repaired.front().lost_samples, !lost.empty()) << length;
    expect_readable(lost);
    ASSERT_TRUE(verify_shards(set_, kOneThread).damages.empty()) << length;
    forget_damaged();
  }

  void forget_damaged() {
    for (const auto& damaged : files_in(set_).damaged) std::filesystem::remove(damaged);
  }

  TestFolder folder_;
  std::filesystem::path set_ = folder_ / "set", shard_;
  std::unique_ptr<TestSource> source_;
  std::string whole_;
  ShardHeader header_;
};

TEST_F(Repair, NothingIsWrongWithAGoodSet) {
  const VerifyResult result = verify_shards(set_, {});
  EXPECT_TRUE(result.damages.empty());
  EXPECT_TRUE(result.notes.empty());
  EXPECT_EQ(result.samples, 15u);
  EXPECT_TRUE(repair_shards(set_, {}).repaired.empty());
  EXPECT_EQ(read_file(shard_), whole_);
}

// Every byte, one bit each: found, and named by the sample and the part that it belongs to.
TEST_F(Repair, AFlippedByteIsFoundAndNamed) {
  std::map<Place, int> seen;
  for (size_t at = 0; at < whole_.size(); ++at) {
    const Owner owner = owner_of(at);
    // Of long runs of the same part some bytes are enough here.
    const bool in_data = at >= header_.data_offset && at < header_.data_offset + header_.data_bytes;
    const bool long_run = owner.place == Place::kRecord ? entry(static_cast<uint64_t>(owner.sample)).bytes > 1000
                                                        : owner.place == Place::kPadding && !in_data;
    if (long_run && at % 61 != 0) continue;
    poke(at, static_cast<char>(whole_[at] ^ (1 << at % 8)));
    const VerifyResult result = verify_shards(shard_, kOneThread);
    poke(at, whole_[at]);
    ASSERT_FALSE(result.damages.empty()) << at;
    const Damage& damage = result.damages.front();
    ASSERT_EQ(damage.place, owner.place) << at << " " << text_of(damage);
    ASSERT_EQ(damage.shard, shard_);
    if (owner.sample >= 0) {
      ASSERT_EQ(damage.sample, owner.sample) << at << " " << text_of(damage);
    }
    if (owner.place == Place::kPadding || owner.place == Place::kHeader || owner.place == Place::kHeaderCopy) {
      ASSERT_EQ(damage.byte, at) << text_of(damage);
    }
    ++seen[owner.place];
  }
  EXPECT_EQ(seen.size(), 9u);
}

// The whole sweep, and every repair.
TEST_F(Repair, SlowEveryFlippedByteIsMendedOrItsSampleIsLeftOut) {
  for (size_t at = 0; at < whole_.size(); ++at) {
    const Owner owner = owner_of(at);
    put(flipped(at, static_cast<int>(at % 8)));
    ASSERT_FALSE(verify_shards(shard_, kOneThread).damages.empty()) << at;
    const RepairResult result = repair_shards(set_, kOneThread);
    ASSERT_EQ(result.repaired.size(), 1u);
    const RepairedShard& repaired = result.repaired.front();
    ASSERT_EQ(read_file(repaired.kept_as), flipped(at, static_cast<int>(at % 8)));
    const bool lost = owner.place == Place::kRecord;
    ASSERT_EQ(repaired.lost_samples, lost) << at;
    ASSERT_TRUE(verify_shards(set_, kOneThread).damages.empty()) << at;
    expect_readable(lost ? std::vector<int64_t>{static_cast<int64_t>(entry(static_cast<uint64_t>(owner.sample)).source)}
                         : std::vector<int64_t>{});
    if (owner.place != Place::kRecord && owner.place != Place::kKey && owner.place != Place::kNote) {
      ASSERT_TRUE(repaired.lost.empty()) << at << repaired.lost.front();
      ASSERT_EQ(read_file(shard_), whole_) << at;
    }
    forget_damaged();
  }
}

TEST_F(Repair, ACutIsFoundAndWhatIsThereSalvaged) {
  for (size_t length = 0; length < whole_.size(); length += 997) expect_salvaged(length);
}

TEST_F(Repair, SlowACutIsFoundAtEveryLength) {
  for (size_t length = 0; length < whole_.size(); ++length) expect_salvaged(length);
}

TEST_F(Repair, BothHeadersLost) {
  std::string bytes = whole_;
  std::fill(bytes.begin(), bytes.begin() + 4096, 'z');
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(header_.index.offset), bytes.end(), 'z');
  put(bytes);
  EXPECT_THAT(text_of(verify_shards(set_, kOneThread).damages.front()),
              HasSubstr("part-00001.shard, byte 0, header: it is damaged, and so is its copy"));
  const RepairResult result = repair_shards(set_, kOneThread);
  ASSERT_EQ(result.repaired.size(), 1u);
  EXPECT_TRUE(result.beyond_repair.empty());
  expect_readable({});
  EXPECT_THAT(open_shards(set_)->classes(), testing::ElementsAre("cat", "dog"));
}

TEST_F(Repair, SeveralDamagesAtOnce) {
  std::string bytes = whole_;
  bytes[10] ^= 1;                                                            // header
  bytes[header_.index.offset + 2 * kEntryBytes] ^= 1;                        // an index entry
  bytes[entry(1).offset] ^= 1;                                               // a record
  bytes[header_.index.offset + 3 * kEntryBytes] ^= 1;                        // an entry and its frame
  bytes[entry(3).offset - 1] ^= 1;
  bytes[header_.classes.offset] ^= 1;
  put(bytes);
  const VerifyResult found = verify_shards(set_, {});
  EXPECT_GE(found.damages.size(), 6u);
  EXPECT_THAT(text_of(found.damages[1]), HasSubstr("sample 1 (images/"));
  const RepairResult result = repair_shards(set_, {});
  ASSERT_EQ(result.repaired.size(), 1u);
  expect_readable({static_cast<int64_t>(entry(1).source), static_cast<int64_t>(entry(3).source)});
  EXPECT_THAT(result.repaired[0].lost, testing::ElementsAre(HasSubstr("sample 1 (images/"), HasSubstr("sample 3 (")));
  EXPECT_EQ(sample_name(*open_shards(set_), static_cast<int64_t>(entry(2).source) - 1),
            source_->samples()[entry(2).source].name);
}

TEST_F(Repair, OneDamagedNameIsOneName) {
  const std::string& name = source_->samples()[entry(2).source].name;
  const size_t at = whole_.find(name, header_.keys.offset);
  ASSERT_NE(at, std::string::npos);
  poke(at, 'X');
  const VerifyResult found = verify_shards(shard_, {});
  ASSERT_EQ(found.damages.size(), 1u);
  EXPECT_EQ(std::tuple(found.damages[0].place, found.damages[0].sample), std::tuple(Place::kKey, 2));
  EXPECT_THAT(repair_shards(set_, {}).repaired.at(0).lost, testing::ElementsAre("the name of a sample"));
  auto packed = open_shards(set_);
  for (uint64_t i = 0; i < header_.samples; ++i) {
    const auto source = static_cast<int64_t>(entry(i).source);
    EXPECT_EQ(sample_name(*packed, source), i == 2 ? "" : source_->describe(source));
  }
}

TEST_F(Repair, ClassNamesAndNoteComeFromTheShardsBeside) {
  const uint64_t class_name = header_.classes.offset + 34, note = header_.note.offset + 3;
  for (uint64_t place : {class_name, note}) {
    poke(place, '#');
    ASSERT_EQ(verify_shards(shard_, {}).damages.size(), 1u);
    EXPECT_TRUE(repair_shards(set_, {}).repaired.at(0).lost.empty());
    EXPECT_TRUE(read_file(shard_) == whole_) << place;
  }
}

TEST_F(Repair, PackingAgainChecksWhatItReads) {
  poke(entry(1).offset, static_cast<char>(whole_[entry(1).offset] ^ 1));
  auto packed = open_shards(set_);
  EXPECT_THROW(pack(*packed, folder_ / "again", {}), DataError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "again"));
}

TEST_F(Repair, AMissingShardIsNamed) {
  std::filesystem::remove(shard_);
  EXPECT_THAT(text_of(verify_shards(set_, {}).damages.front()), HasSubstr("part-00001.shard is missing"));
  EXPECT_EQ(repair_shards(set_, {}).beyond_repair.size(), 1u);
}

TEST_F(Repair, ANewerFormatIsNotMended) {
  ShardHeader newer = header_;
  newer.version = 2;
  seal(newer);
  std::string bytes = whole_;
  std::memcpy(bytes.data(), &newer, sizeof newer);
  put(bytes);
  EXPECT_THROW(repair_shards(set_, {}), DataError);
  EXPECT_EQ(read_file(shard_), bytes);
}

TEST_F(Repair, LeftoversAndUnfinishedPacksAreNoted) {
  write_file_atomic(set_ / "part-00009.shard.partial", "x");
  const auto shards = files_in(set_).shards;
  std::filesystem::remove(shards.back());
  const VerifyResult result = verify_shards(set_, {});
  EXPECT_TRUE(result.damages.empty());
  EXPECT_THAT(result.notes, testing::ElementsAre(HasSubstr("is not finished"), HasSubstr("left by a pack")));
}

}  // namespace
}  // namespace hasten::shards
