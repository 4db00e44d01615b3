#include "hasten/loader/formats/open.h"

#include <gmock/gmock.h>

#include "hasten/base/shared_data.h"
#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

namespace fs = std::filesystem;

std::vector<int64_t> labels_of(const SampleIndex& index) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < index.size(); ++i) labels.push_back(index.entry(i).label);
  return labels;
}

void put_animals(const TestFolder& folder) {
  folder.put("d/train/dog/1.jpg", fake_jpeg("dog 1"));
  folder.put("d/train/cat/2.JPEG", fake_jpeg("cat 2"));
  folder.put("d/train/cat/1.jpg", fake_png("cat 1, a PNG"));
  folder.put("d/train/cat/old/3", fake_png("cat 3, without an ending"));
  folder.put("d/train/cat/notes.txt", "no image");
  folder.put("d/train/cat/.hidden.jpg", "no image");
  folder.put("d/val/dog/9.png", fake_png("dog 9"));
}

TEST(ImageFolder, ClassesAreFoldersByName) {
  TestFolder folder;
  put_animals(folder);
  EXPECT_THAT(parts_of(folder.path() / "d"), ElementsAre("train", "test"));
  const auto index = open_samples(folder.path() / "d", "train");
  EXPECT_EQ(index->format(), "folder");
  EXPECT_THAT(index->classes(), ElementsAre("cat", "dog"));
  EXPECT_THAT(labels_of(*index), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(index->describe(1), EndsWith("train/cat/2.JPEG"));
  const std::string record = record_of(*index, 0);
  EXPECT_EQ(record, fake_png("cat 1, a PNG"));
  EXPECT_EQ(payload_of(*index, 0, record).codec, Codec::kPng) << "the content says it, not the name";
}

TEST(ImageFolder, AClassThatOnePartLacksMovesNoLabels) {
  TestFolder folder;
  put_animals(folder);
  EXPECT_THAT(labels_of(*open_samples(folder.path() / "d", "test")), ElementsAre(1));
  EXPECT_THAT(labels_of(*open_samples(folder.path() / "d/val", "")), ElementsAre(1));
  EXPECT_THAT(labels_of(*open_samples(folder.path() / "d/val/", "")), ElementsAre(1));
}

TEST(ImageFolder, WithoutPartsOrClasses) {
  TestFolder folder;
  folder.put("a/1.png", fake_png("1"));
  EXPECT_THAT(parts_of(folder.path() / "a"), ElementsAre(""));
  EXPECT_THAT(labels_of(*open_samples(folder.path() / "a", "")), ElementsAre(-1));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "a", "train"); }), HasSubstr("the data is not divided"));
  folder.put("a/cat/1.png", fake_png("2"));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "a", ""); }), HasSubstr("a/1.png: expected every image"));
}

TEST(ImageFolder, RefusesWhatItCannotRead) {
  TestFolder folder;
  folder.put("d/cat/1.png", fake_png("1"));
  folder.put("d/cat/2.gif", "GIF89a");
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", ""); }), HasSubstr("2.gif: expected JPEG"));
  fs::remove(folder.path() / "d/cat/2.gif");
  folder.put("d/cat/2.jpg", "");
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", ""); }), HasSubstr("an empty file"));
  folder.put("d/cat/2.jpg", "<html>");
  const auto index = open_samples(folder.path() / "d", "");
  EXPECT_THAT(error_of([&] { payload_of(*index, 1, record_of(*index, 1)); }),
              HasSubstr("2.jpg, byte 0: expected a JPEG"));
}

TEST(ImageFolder, LinksStayInside) {
  TestFolder folder;
  folder.put("d/cat/1.png", fake_png("1"));
  folder.put("secret.png", fake_png("2"));
  fs::create_symlink("1.png", folder.path() / "d/cat/2.png");
  EXPECT_EQ(open_samples(folder.path() / "d", "")->size(), 2);
  fs::create_symlink("../../secret.png", folder.path() / "d/cat/3.png");
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", ""); }), HasSubstr("3.png: the symbolic link leaves"));
  fs::remove(folder.path() / "d/cat/3.png");
  fs::create_directory_symlink("..", folder.path() / "d/cat/loop");
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "d", ""); }),
              HasSubstr("loop: expected a folder, got a symbolic"));
}

TEST(Tar, FoldersAreClasses) {
  TestFolder folder;
  const std::string pax_name(120, 'n');
  const std::string record = "path=./c/train/owl/" + pax_name + ".png\n";
  const std::string tar = tar_entry("./", "", '5') + tar_entry("c/train/dog/1.jpg", fake_jpeg("dog")) +
                          tar_entry("c/test/cat/1.jpg", fake_jpeg("cat")) + tar_entry("c/README", "text") +
                          tar_entry("x", "148 " + record, 'x') + tar_entry("short", fake_png("owl"), '0') + tar_end();
  ASSERT_EQ(record.size() + 4, 148U) << "the length counts itself";
  for (const auto& [name, bytes] :
       {std::pair{"a.tar", tar}, {"a.tar.gz", gzipped(tar)}, {"a.tar.zst", zstd_packed(tar)}}) {
    const fs::path path = folder.put(name, bytes);
    EXPECT_THAT(parts_of(path), ElementsAre("train", "test"));
    const auto train = open_samples(path, "train"), test = open_samples(path, "test");
    EXPECT_EQ(train->format(), "tar");
    EXPECT_THAT(train->classes(), ElementsAre("cat", "dog", "owl"));
    EXPECT_THAT(labels_of(*train), ElementsAre(1, 2));
    EXPECT_THAT(labels_of(*test), ElementsAre(0));
    EXPECT_EQ(record_of(*train, 1), fake_png("owl"));
    EXPECT_THAT(train->describe(1), EndsWith(pax_name + ".png"));
  }
}

TEST(Tar, WebDatasetNames) {
  TestFolder folder;
  folder.put("w/shard-train-000.tar", tar_entry("0001.cls", "7") + tar_entry("0001.jpg", fake_jpeg("a")) +
                                          tar_entry("0002.jpg", fake_jpeg("b")) + tar_entry("0002.cls", "3\n") +
                                          tar_end());
  folder.put("w/shard-val-000.tar", tar_entry("9.jpg", fake_jpeg("c")) + tar_entry("9.cls", "1") + tar_end());
  EXPECT_THAT(parts_of(folder.path() / "w"), ElementsAre("train", "test"));
  const auto train = open_samples(folder.path() / "w", "train"), test = open_samples(folder.path() / "w", "test");
  EXPECT_THAT(labels_of(*train), ElementsAre(7, 3));
  EXPECT_THAT(labels_of(*test), ElementsAre(1));
  EXPECT_EQ(record_of(*test, 0), fake_jpeg("c"));
  folder.put("w/shard-val-000.tar", tar_entry("8.jpg", fake_jpeg("c")) + tar_entry("9.cls", "1") + tar_end());
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "w", "test"); }), HasSubstr("expected a class file (.cls)"));
}

TEST(Tar, RefusesHostileAndDamagedArchives) {
  TestFolder folder;
  const std::string good = tar_entry("cat/1.jpg", fake_jpeg("cat"));
  auto error = [&](const std::string& bytes) {
    return error_of([&] { open_samples(folder.put("a.tar", bytes), ""); });
  };
  EXPECT_EQ(error(good + tar_end()), "no error");
  EXPECT_EQ(error(good), "no error") << "an end without zero blocks";
  EXPECT_THAT(error(good + tar_entry("../x.jpg", "x")),
              HasSubstr("byte 1024: the name \"../x.jpg\" leaves the folder"));
  EXPECT_THAT(error(good + tar_entry("/etc/x.jpg", "x")), HasSubstr("the name \"/etc/x.jpg\" leaves the folder"));
  EXPECT_THAT(error(good + tar_entry("cat/2.jpg", "", '2')), HasSubstr("got the link \"cat/2.jpg\""));
  EXPECT_THAT(error(good + tar_entry("null", "", '3')), HasSubstr("got the device \"null\""));
  EXPECT_THAT(error(good.substr(0, 516)), HasSubstr("truncated"));
  EXPECT_THAT(error(good + std::string(100, 'x')), HasSubstr("byte 1124: truncated: expected a header"));
  EXPECT_THAT(error(good + std::string(512, 'x')), HasSubstr("byte 1024: expected a header of a tar archive"));
  EXPECT_THAT(error(good + tar_entry("p", "99999999 path=a\n", 'x')), HasSubstr("expected a pax record"));
  EXPECT_THAT(error(good + tar_entry("s", "x", 'S')), HasSubstr("got an entry of type 83"));
  std::string huge = tar_entry("cat/2.jpg", "x");
  huge.replace(124, 12, "77777777777\0");
  EXPECT_THAT(error(good + huge), HasSubstr("checksum"));
}

std::string idx_of(std::initializer_list<uint32_t> dims, const std::string& values) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(dims.size())};
  for (uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(dim >> shift);
  }
  return bytes + values;
}

TEST(Idx, ImagesAndLabels) {
  TestFolder folder;
  folder.put("m/train-images-idx3-ubyte", idx_of({2, 2, 3}, "abcdefghijkl"));
  folder.put("m/train-labels-idx1-ubyte.gz", gzipped(idx_of({2}, std::string("\x09\x04"))));
  folder.put("m/t10k-images.idx3-ubyte.gz", gzipped(idx_of({1, 2, 3}, "mnopqr")));
  folder.put("m/t10k-labels.idx1-ubyte", idx_of({1}, std::string("\x01")));
  EXPECT_THAT(parts_of(folder.path() / "m"), ElementsAre("train", "test"));
  const auto train = open_samples(folder.path() / "m", "train"), test = open_samples(folder.path() / "m", "test");
  EXPECT_THAT(labels_of(*train), ElementsAre(9, 4));
  EXPECT_EQ(record_of(*train, 1), "ghijkl");
  EXPECT_EQ(record_of(*test, 0), "mnopqr");
  EXPECT_EQ(train->entry(0).width, 3U);
  EXPECT_EQ(train->entry(0).height, 2U);
  EXPECT_EQ(train->entry(0).channels, 1);
}

TEST(Idx, RefusesWhatDoesNotFit) {
  TestFolder folder;
  auto error = [&](const std::string& images, const std::string& labels) {
    folder.put("m/train-images-idx3-ubyte", images);
    folder.put("m/train-labels-idx1-ubyte", labels);
    return error_of([&] { open_samples(folder.path() / "m", "train"); });
  };
  const std::string labels = idx_of({2}, "ab"), images = idx_of({2, 1, 1}, "xy");
  EXPECT_EQ(error(images, labels), "no error");
  EXPECT_THAT(error("\1" + images, labels), HasSubstr("byte 0: expected the magic number"));
  EXPECT_THAT(error(std::string("\0\0\x0d\3", 4), labels), HasSubstr("byte 2: expected values of type 0x08"));
  EXPECT_THAT(error(labels, images), HasSubstr("byte 3: expected images of 3 or 4 dimensions, got 1"));
  EXPECT_THAT(error(images, idx_of({3}, "abc")), HasSubstr("expected 2 labels as"));
  EXPECT_THAT(error(images, idx_of({2}, "a")), HasSubstr("truncated"));
  EXPECT_THAT(error(images, labels + "c"), HasSubstr("expected the end of the data"));
  EXPECT_THAT(error(images + "z", labels), HasSubstr("expected 18 bytes of header and values, got 19"));
  EXPECT_THAT(error(idx_of({4294967295U, 65535, 65535}, ""), labels),
              HasSubstr("byte 4: expected sizes whose product is the size of a file"));
  EXPECT_THAT(error(images.substr(0, 7), labels), HasSubstr("truncated: expected a header"));
}

std::string cifar_record(const std::string& labels, char value) { return labels + std::string(3072, value); }

TEST(Cifar, TenAndHundred) {
  TestFolder folder;
  folder.put("c10/data_batch_1.bin", cifar_record("\x03", 'a') + cifar_record("\x09", 'b'));
  folder.put("c10/data_batch_2.bin", cifar_record("\x01", 'c'));
  folder.put("c10/test_batch.bin", cifar_record("\x02", 'd'));
  folder.put("c10/batches.meta.txt", "airplane\nautomobile\n\n");
  folder.put("h/cifar-100-binary/train.bin", cifar_record("\x01\x63", 'e'));
  folder.put("h/cifar-100-binary/test.bin", cifar_record("\x01\x02", 'f'));
  folder.put("h/cifar-100-binary/fine_label_names.txt", "apple\n");
  const auto train = open_samples(folder.path() / "c10", "train");
  EXPECT_THAT(labels_of(*train), ElementsAre(3, 9, 1));
  EXPECT_EQ(record_of(*train, 2), std::string(3072, 'c'));
  EXPECT_EQ(train->entry(2).codec, Codec::kPlanar);
  EXPECT_THAT(train->classes(), ElementsAre("airplane", "automobile"));
  EXPECT_EQ(record_of(*open_samples(folder.path() / "c10", "test"), 0), std::string(3072, 'd'));
  EXPECT_THAT(labels_of(*open_samples(folder.path() / "h", "train")), ElementsAre(99));
  EXPECT_EQ(record_of(*open_samples(folder.path() / "h", "train"), 0), std::string(3072, 'e'));
}

TEST(Cifar, RefusesWhatDoesNotFit) {
  TestFolder folder;
  auto error = [&](const std::string& bytes) {
    folder.put("c/data_batch_1.bin", bytes);
    return error_of([&] { open_samples(folder.path() / "c", "train"); });
  };
  EXPECT_THAT(error(cifar_record("\x03", 'a') + "x"), HasSubstr("byte 3074: expected records of 3073 bytes"));
  EXPECT_THAT(error(cifar_record("\x03", 'a') + cifar_record("\x0a", 'a')),
              HasSubstr("byte 3073: expected a label in 0..9, got 10"));
  EXPECT_THAT(error(""), HasSubstr("got 0 bytes in all"));
}

TEST(OpenSamples, SaysWhatItLookedFor) {
  TestFolder folder;
  folder.put("e/README", "text");
  folder.put("e/core", std::string("\1\2\0\3", 4));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "none", ""); }), HasSubstr("which is not there"));
  EXPECT_THAT(error_of([&] { open_samples(folder.path() / "e", ""); }), HasSubstr("got a folder with README, core"));
  EXPECT_THAT(error_of([&] { parts_of(folder.path() / "e/core"); }), HasSubstr("got a file that is none of them"));
}

TEST(OpenSamples, SharedCifarArchiveSlow) {
  HASTEN_NEEDS_SHARED("cifar10-jpeg.tar.zst");
  const auto train = open_samples(shared_data("cifar10-jpeg.tar.zst"), "train");
  EXPECT_EQ(train->size(), 50'000);
  EXPECT_EQ(train->classes().size(), 10U);
  EXPECT_EQ(train->entry(49'999).label, 9);
  EXPECT_EQ(payload_of(*train, 49'999, record_of(*train, 49'999)).codec, Codec::kJpeg);
}

}  // namespace
}  // namespace hasten
