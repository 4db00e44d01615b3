// Counts and channel statistics against numbers worked out by hand.
#include "hasten/loader/shards/set_summary.h"

#include <gmock/gmock.h>

#include "hasten/loader/shards/source_names.h"
#include "hasten/loader/shards/test_source.h"

namespace hasten::shards {
namespace {

TEST(SetSummary, CountsTheIndex) {
  TestFolder folder;
  TestSource source(folder / "source",
                    {{"abcd", Codec::kRaw, 2, 2, 1, 1}, {"abcdef", Codec::kRaw, 2, 1, 3, 0}, {"text", Codec::kText}});
  const IndexSummary summary = summarize_index(source);
  EXPECT_EQ(summary.samples, 3);
  EXPECT_EQ(summary.counted, 3);
  EXPECT_EQ(summary.codecs, (std::map<Codec, int64_t>{{Codec::kRaw, 2}, {Codec::kText, 1}}));
  EXPECT_EQ(summary.labels, (std::map<int64_t, int64_t>{{-1, 1}, {0, 1}, {1, 1}}));
  EXPECT_EQ(std::tuple(summary.bytes.least, summary.bytes.most, summary.bytes.sum), std::tuple(4u, 6u, 14u));
  EXPECT_EQ(std::tuple(summary.height.least, summary.height.most, summary.height.count), std::tuple(1u, 2u, 2u));
  EXPECT_EQ(summary.channels, (std::map<int, int64_t>{{1, 1}, {3, 1}}));
  EXPECT_EQ(summarize_index(source, 2).counted, 2);
}

TEST(SetSummary, MeanAndDeviationOfChannels) {
  TestFolder folder;
  TestSource source(folder / "source", {{std::string("\x00\x33\xff\xff\x33\xff", 6), Codec::kRaw, 2, 1, 3, 1},
                                        {std::string("\x00\xff\x33\x33\xff\xff", 6), Codec::kPlanar, 2, 1, 3, 1},
                                        {"\x33", Codec::kRaw, 1, 1, 1, 2},
                                        {"bad", Codec::kJpeg, 0, 0, 0, 2}});
  for (int threads : {1, 3}) {
    const ContentSummary summary = summarize_content(source, {.samples = 0, .threads = threads});
    EXPECT_EQ(std::tuple(summary.samples, summary.damaged), std::tuple(4, 1));
    EXPECT_THAT(summary.first_damage, testing::HasSubstr("sample 3"));
    const ChannelSums& colour = summary.channels.at(3);
    EXPECT_EQ(std::tuple(colour.images, colour.pixels), std::tuple(2, 4u));
    EXPECT_DOUBLE_EQ(colour.mean(0), 0.5);
    EXPECT_DOUBLE_EQ(colour.deviation(0), 0.5);
    EXPECT_DOUBLE_EQ(colour.mean(1), 0.2);
    EXPECT_DOUBLE_EQ(colour.deviation(1), 0);
    EXPECT_DOUBLE_EQ(colour.mean(2), 1);
    EXPECT_DOUBLE_EQ(summary.channels.at(1).mean(0), 0.2);
  }
  EXPECT_EQ(summarize_content(source, {.samples = 2}).samples, 2);
}

class NamedFiles : public TestSource {
 public:
  NamedFiles(const std::filesystem::path& file, const std::vector<std::string>& paths)
      : TestSource(file, std::vector<TestSample>(paths.size())) {
    for (size_t i = 0; i < paths.size(); ++i) {
      paths_.push_back({paths[i], 0, {}});
      samples()[i].name = paths[i];
    }
  }
  const std::vector<SampleFile>& files() const override { return paths_; }

 private:
  std::vector<SampleFile> paths_;
};

TEST(SourceNames, AreBelowTheFolderOfAllFiles) {
  TestFolder folder;
  const NamedFiles many(folder / "s", {"/data/set/cat/1.jpg", "/data/set/cattle/1.jpg", "/data/set/cat/2.jpg"});
  EXPECT_EQ(SourceNames(many)(0), "cat/1.jpg");
  EXPECT_EQ(SourceNames(many)(1), "cattle/1.jpg");
  EXPECT_EQ(SourceNames(NamedFiles(folder / "s", {"/data/set/1.jpg"}))(0), "1.jpg");
  EXPECT_EQ(SourceNames(NamedFiles(folder / "s", {"a/1.jpg", "b/1.jpg"}))(1), "b/1.jpg");
  EXPECT_EQ(SourceNames(NamedFiles(folder / "s", {"1.jpg"}))(0), "1.jpg");
}

}  // namespace
}  // namespace hasten::shards
