// Packing: the same bytes whatever the threads and interruptions, formats, appending, refusals.
#include "hasten/loader/shards/pack.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <cmath>
#include <map>

#include "hasten/base/error.h"
#include "hasten/loader/shards/pixels.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_index.h"
#include "hasten/loader/shards/shard_writer.h"
#include "hasten/loader/shards/source_reader.h"
#include "hasten/loader/shards/test_source.h"

namespace hasten::shards {
namespace {

using testing::HasSubstr;

std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files[entry.path().filename().string()] = read_file(entry.path());
  return files;
}

PackOptions raw_options(int threads = 2) {
  PackOptions options;
  options.format = PackFormat::kRaw;
  options.shard_bytes = 20000;
  options.threads = threads;
  return options;
}

template <class Error>
std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

PixelBuffer smooth_image(uint32_t width, uint32_t height, uint8_t channels) {
  PixelBuffer pixels{width, height, channels, {}};
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x)
      for (uint32_t c = 0; c < channels; ++c)
        pixels.bytes.push_back(static_cast<uint8_t>(128 + 60 * std::sin(0.1 * x + c) + 60 * std::cos(0.13 * y)));
  return pixels;
}

TestSample jpeg_sample(uint32_t width, uint32_t height, uint8_t channels, int64_t label) {
  const auto bytes = encode_pixels(smooth_image(width, height, channels), 80);
  return {std::string(bytes.begin(), bytes.end()), Codec::kJpeg, 0, 0, 0, label, cat("a/", label, ".jpg")};
}

void expect_same_samples(const SampleIndex& packed, TestSource& source) {
  ASSERT_EQ(packed.size(), source.size());
  SourceReader reader(packed);
  RecordBuffer buffer;
  for (int64_t i = 0; i < packed.size(); ++i) {
    const SampleEntry entry = packed.entry(i);
    const auto record = reader.read(entry, buffer);
    const TestSample& sample = source.samples()[static_cast<size_t>(i)];
    EXPECT_EQ(std::string(record.begin(), record.end()), sample.bytes);
    EXPECT_EQ(entry.label, sample.label);
    EXPECT_EQ(entry.codec, sample.codec);
    EXPECT_EQ(sample_name(packed, i), sample.name);
  }
}

TEST(Pack, TheSameBytesForAnyNumberOfThreads) {
  TestFolder folder;
  TestSource source(folder / "source", random_images(1000), {"zero", "one"});
  const PackResult one = pack(source, folder / "1", raw_options(1));
  EXPECT_GT(one.shards, 5u);
  EXPECT_EQ(one.samples, 1000);
  for (int threads : {2, 8}) {
    pack(source, folder / std::to_string(threads), raw_options(threads));
    EXPECT_EQ(contents(folder / std::to_string(threads)), contents(folder / "1"));
  }
  for (const auto& [name, bytes] : contents(folder / "1"))
    EXPECT_LE(bytes.size(), 20000u + 10000) << name;  // names on top
  auto packed = open_shards(folder / "1");
  expect_same_samples(*packed, source);
  EXPECT_THAT(packed->classes(), testing::ElementsAre("zero", "one"));
}

TEST(Pack, GoesOnAfterTheShardsThatAreThere) {
  TestFolder folder;
  TestSource source(folder / "source", random_images(600));
  const PackResult whole = pack(source, folder / "whole", raw_options());
  for (uint64_t kept = 0; kept <= whole.shards; ++kept) {
    std::filesystem::remove_all(folder / "cut");
    std::filesystem::create_directories(folder / "cut");
    for (uint64_t k = 0; k < kept; ++k)
      std::filesystem::copy_file(folder / "whole" / shard_name(k), folder / "cut" / shard_name(k));
    write_file_atomic(folder / "cut" / (shard_name(kept) + ".partial"), "half a shard");
    const PackResult result = pack(source, folder / "cut", raw_options());
    EXPECT_EQ(result.shards_before, kept);
    EXPECT_EQ(std::tuple(result.shards, result.samples, result.bytes), std::tuple(whole.shards, 600, whole.bytes));
    EXPECT_EQ(contents(folder / "cut"), contents(folder / "whole"));
  }
}

TEST(Pack, StopsWithFinishedShardsOnly) {
  TestFolder folder;
  TestSource source(folder / "source", random_images(3000));
  std::atomic<bool> stop = false;
  PackOptions options = raw_options();
  options.stop = &stop;
  options.progress = [&](const PackProgress& progress) { stop = progress.sample > 1000; };
  EXPECT_TRUE(pack(source, folder / "out", options).interrupted);
  EXPECT_FALSE(contents(folder / "out").empty());
  for (const auto& [name, bytes] : contents(folder / "out")) EXPECT_TRUE(shard_number(name)) << name;
  stop = true;
  EXPECT_TRUE(pack(source, folder / "other", options).interrupted);
  EXPECT_FALSE(std::filesystem::exists(folder / "other"));
}

TEST(Pack, AppendsAnotherSourceOnce) {
  TestFolder folder;
  TestSource first(folder / "a", random_images(300, 1)), second(folder / "b", random_images(200, 2));
  pack(first, folder / "out", raw_options());
  EXPECT_THAT(error_of<ConfigError>([&] { pack(second, folder / "out", raw_options()); }), HasSubstr("other shards"));
  PackOptions options = raw_options();
  options.append = true;
  pack(second, folder / "out", options);
  auto packed = open_shards(folder / "out");
  EXPECT_EQ(packed->size(), 500);
  EXPECT_EQ(sample_name(*packed, 300), "images/0.raw");
  const auto before = contents(folder / "out");
  for (const TestSource* source : {&first, &second}) {
    const PackResult again = pack(*source, folder / "out", options);
    EXPECT_EQ(again.shards_before, again.shards);
  }
  EXPECT_EQ(contents(folder / "out"), before);
  // What was stopped in the middle belongs to its source.
  std::filesystem::remove(folder / "out" / std::prev(before.end())->first);
  EXPECT_EQ(open_shards(folder / "out")->size(), 300);
  TestSource third(folder / "c", random_images(100, 3));
  EXPECT_THAT(error_of<ConfigError>([&] { pack(third, folder / "out", options); }), HasSubstr("stopped there"));
  pack(second, folder / "out", options);
  EXPECT_EQ(contents(folder / "out"), before);
}

TEST(Pack, EncodedImagesKeepTheirBytes) {
  TestFolder folder;
  TestSource source(folder / "source",
                    {jpeg_sample(40, 30, 3, 0), jpeg_sample(17, 64, 1, 1), {"some text", Codec::kText}});
  PackOptions options;
  options.format = PackFormat::kJpeg;
  pack(source, folder / "out", options);
  auto packed = open_shards(folder / "out");
  expect_same_samples(*packed, source);
  EXPECT_EQ(std::tuple(packed->entry(0).width, packed->entry(0).height, packed->entry(0).channels),
            std::tuple(40u, 30u, 3));
  EXPECT_EQ(std::tuple(packed->entry(1).width, packed->entry(1).height, packed->entry(1).channels),
            std::tuple(17u, 64u, 1));
}

TEST(Pack, RawResizedAndEncodedAgain) {
  TestFolder folder;
  TestSource source(folder / "source", {jpeg_sample(40, 30, 3, 0), jpeg_sample(17, 64, 1, 1), jpeg_sample(8, 8, 3, 2)});
  PackOptions options;
  options.format = PackFormat::kRaw;
  pack(source, folder / "raw", options);
  SourceReader reader(source);
  RecordBuffer buffer;
  const PixelBuffer exact = decode_pixels({reader.read(source.entry(0), buffer), Codec::kJpeg});
  auto raw = open_shards(folder / "raw");
  SourceReader raw_reader(*raw);
  const auto record = raw_reader.read(raw->entry(0), buffer);
  EXPECT_TRUE(std::equal(record.begin(), record.end(), exact.bytes.begin(), exact.bytes.end()));
  options.resize = 10;
  pack(source, folder / "small", options);
  auto small = open_shards(folder / "small");
  auto size = [](const SampleEntry& entry) { return std::tuple(entry.width, entry.height, entry.channels); };
  EXPECT_EQ(size(small->entry(0)), std::tuple(13u, 10u, 3));
  EXPECT_EQ(size(small->entry(1)), std::tuple(10u, 38u, 1));
  EXPECT_EQ(size(small->entry(2)), std::tuple(8u, 8u, 3));
  options.format = PackFormat::kJpeg;
  options.quality = 95;
  pack(source, folder / "jpeg", options);
  auto jpeg = open_shards(folder / "jpeg");
  EXPECT_EQ(size(jpeg->entry(0)), std::tuple(13u, 10u, 3));
  EXPECT_EQ(jpeg->entry(0).codec, Codec::kJpeg);
  SourceReader small_reader(*small), jpeg_reader(*jpeg);
  RecordBuffer other;
  const PixelBuffer encoded = decode_pixels({jpeg_reader.read(jpeg->entry(0), buffer), Codec::kJpeg});
  const auto pixels = small_reader.read(small->entry(0), other);
  for (size_t i = 0; i < pixels.size(); ++i) EXPECT_NEAR(encoded.bytes[i], pixels[i], 12) << i;
}

TEST(Pack, ShrinkingIsThatOfTheImagePipeline) {
  PixelBuffer flat{9, 7, 3, std::vector<uint8_t>(9 * 7 * 3, 77)};
  EXPECT_EQ(shrink_to(flat, 2).bytes, std::vector<uint8_t>(3 * 2 * 3, 77));
  PixelBuffer ramp{4, 4, 1, {0, 2, 4, 6, 0, 2, 4, 6, 8, 8, 8, 8, 8, 8, 8, 255}};
  // The triangle filter over a row of 4 has the weights 3/7, 3/7, 1/7 and 0 for the first of 2 pixels.
  EXPECT_EQ(shrink_to(ramp, 2).bytes, (std::vector<uint8_t>{2, 5, 7, 53}));
}

TEST(Pack, PlanarBecomesInterleaved) {
  TestFolder folder;
  TestSource source(folder / "source", {{"RRRRGGGGBBBB", Codec::kPlanar, 2, 2, 3, 4}});
  pack(source, folder / "out", raw_options());
  auto packed = open_shards(folder / "out");
  SourceReader reader(*packed);
  RecordBuffer buffer;
  const auto record = reader.read(packed->entry(0), buffer);
  EXPECT_EQ(std::string(record.begin(), record.end()), "RGBRGBRGBRGB");
  EXPECT_EQ(packed->entry(0).codec, Codec::kRaw);
}

TEST(Pack, DamagedSamplesStopItOrAreCounted) {
  TestFolder folder;
  std::vector<TestSample> samples{jpeg_sample(9, 9, 3, 0), jpeg_sample(9, 9, 3, 1), jpeg_sample(9, 9, 3, 2)};
  samples[1].bytes.resize(100);
  samples.push_back({"junk", Codec::kJpeg, 0, 0, 0, 7, "a/junk.jpg"});
  TestSource source(folder / "source", samples);
  PackOptions options = raw_options();
  EXPECT_THAT(error_of<DataError>([&] { pack(source, folder / "out", options); }),
              HasSubstr("a/1.jpg: a JPEG without a frame header"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  options.skip_damaged = true;
  for (int round = 0; round < 2; ++round) {
    const PackResult result = pack(source, folder / "out", options);
    EXPECT_EQ(std::tuple(result.samples, result.skipped), std::tuple(2, 2));
    if (round > 0) continue;
    EXPECT_THAT(result.skipped_samples, testing::ElementsAre(HasSubstr("a/1.jpg"), HasSubstr("a/junk.jpg")));
  }
  EXPECT_EQ(open_shards(folder / "out")->size(), 2);
}

TEST(Pack, GoesOnWithDamagedSamplesLeftOut) {
  TestFolder folder;
  std::vector<TestSample> samples = random_images(600);
  samples.push_back({"junk", Codec::kJpeg, 0, 0, 0, 7, "junk.jpg"});
  TestSource source(folder / "source", samples);
  PackOptions options = raw_options();
  EXPECT_THROW(pack(source, folder / "out", options), DataError);
  EXPECT_FALSE(contents(folder / "out").empty());
  options.skip_damaged = true;
  const PackResult result = pack(source, folder / "out", options);
  EXPECT_GT(result.shards_before, 0u);
  EXPECT_EQ(std::tuple(result.samples, result.skipped), std::tuple(600, 1));
}

TEST(Pack, RefusesWhatCannotWork) {
  TestFolder folder;
  TestSource source(folder / "source", random_images(3)), nothing(folder / "nothing", {});
  EXPECT_THAT(error_of<ConfigError>([&] { pack(nothing, folder / "out", raw_options()); }),
              HasSubstr("at least one sample"));
  PackOptions options = raw_options();
  options.quality = 50;
  EXPECT_THAT(error_of<ConfigError>([&] { pack(source, folder / "out", options); }), HasSubstr("--quality"));
  options = raw_options();
  options.shard_bytes = 100;
  EXPECT_THAT(error_of<ConfigError>([&] { pack(source, folder / "out", options); }), HasSubstr("--shard-size"));
  std::filesystem::create_directories(folder / "out");
  const int lock = ::open((folder / "out").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_THAT(error_of<ConfigError>([&] { pack(source, folder / "out", raw_options()); }),
              HasSubstr("another pack runs"));
  ::close(lock);
  pack(source, folder / "out", raw_options());
  std::filesystem::last_write_time(folder / "source",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_THAT(error_of<ConfigError>([&] { pack(source, folder / "out", raw_options()); }),
              HasSubstr("was changed since"));
}

TEST(FormatChoice, FollowsTheBottleneck) {
  FormatRates rates{.samples = 1000000,
                    .measured = 64,
                    .encoded_bytes = 1e5,
                    .raw_bytes = 6e5,
                    .decodes_per_s = 1000,
                    .copy_bytes_per_s = 1e10,
                    .read_bytes_per_s = 1e9,
                    .free_memory = uint64_t{1} << 40,
                    .free_disk = uint64_t{1} << 42,
                    .threads = 2};
  FormatChoice choice = choose_format(rates);
  EXPECT_EQ(choice.format, PackFormat::kRaw);  // resident: 16,667 copies against 2,000 decodes a second
  EXPECT_TRUE(choice.raw_resident);
  EXPECT_THAT(choice.reason, HasSubstr("raw: pixels (600GB fit into 1.10TB of free memory)"));
  rates.free_memory = uint64_t{1} << 33;
  rates.read_bytes_per_s = 5e8;
  choice = choose_format(rates);
  EXPECT_EQ(choice.format, PackFormat::kJpeg);  // from the disk: 833 against 2,000
  EXPECT_NEAR(choice.raw_per_s, 833, 1);
  EXPECT_NEAR(choice.encoded_per_s, 2000, 1);
  rates.free_memory = uint64_t{1} << 40;
  rates.free_disk = 1000;
  EXPECT_THAT(choose_format(rates).reason, HasSubstr("the disk has"));
  rates.measured = 0;
  EXPECT_EQ(choose_format(rates).format, PackFormat::kRaw);
}

TEST(FormatChoice, AutoKeepsToWhatAnEarlierTryChose) {
  TestFolder folder;
  std::vector<TestSample> samples;
  for (int64_t i = 0; i < 50; ++i) samples.push_back(jpeg_sample(60, 60, 3, i));
  TestSource source(folder / "source", samples);
  PackOptions options = raw_options();
  options.format.reset();
  const PackResult first = pack(source, folder / "auto", options);
  ASSERT_TRUE(first.choice);
  EXPECT_EQ(first.choice->rates.measured, 50);
  EXPECT_GT(first.choice->rates.decodes_per_s, 0);
  EXPECT_GT(first.choice->rates.read_bytes_per_s, 0);
  // As if the machine were in another mood now.
  options.format = PackFormat::kJpeg;
  pack(source, folder / "cut", options);
  const auto whole = contents(folder / "cut");
  std::filesystem::remove(folder / "cut" / std::prev(whole.end())->first);
  options.format.reset();
  const PackResult resumed = pack(source, folder / "cut", options);
  EXPECT_EQ(resumed.format, PackFormat::kJpeg);
  EXPECT_FALSE(resumed.choice);
  EXPECT_EQ(contents(folder / "cut"), whole);
}

}  // namespace
}  // namespace hasten::shards
