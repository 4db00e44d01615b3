// The safetensors layout: what goes in comes out, and a file that is not as the format says is refused with the byte.
#include "hasten/base/safetensors.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"

namespace hasten {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string file;
  for (size_t i = 0; i < 8; ++i) file.push_back(static_cast<char>(header.size() >> (8 * i)));
  return file + header + data;
}

// The message with which a file is refused.
std::string refusal(const std::string& bytes) {
  try {
    SafetensorsFile file("f.safetensors", bytes);
  } catch (const DataError& error) {
    return error.location() + ": " + error.reason();
  }
  return "accepted";
}

TEST(SafetensorsTest, WhatIsWrittenIsRead) {
  SafetensorsWriter writer;
  writer.add("b", "F32", {2, 1}, std::string(8, 'x'));
  writer.add("a", "U8", {}, "y");
  writer.add("none", "I64", {0, 3}, "");
  const std::string bytes = writer.file({{"step", "12"}});
  SafetensorsFile file("f", bytes);
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.find("b")->shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(file.find("b")->bytes, std::string(8, 'x'));
  EXPECT_EQ(file.find("a")->bytes, "y");
  EXPECT_TRUE(file.find("none")->bytes.empty());
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_EQ(file.metadata_or("step", ""), "12");
  EXPECT_EQ((bytes.size() - 9) % 8, 0u) << "the data begins at a multiple of eight";
  SafetensorsFile moved = std::move(file);
  EXPECT_EQ(moved.find("a")->bytes, "y");
}

// The bytes that the Python package writes for {"w": float32 [[1, 2]]}.
TEST(SafetensorsTest, ReadsAFileOfThePackage) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  SafetensorsFile file("f", file_of(header + "        ", std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
  float values[2];
  std::copy(file.find("w")->bytes.begin(), file.find("w")->bytes.end(), reinterpret_cast<char*>(values));
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], 2.0f);
}

TEST(SafetensorsTest, RefusesTruncatedFilesAndHeaders) {
  const std::string good = file_of(R"({"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd");
  ASSERT_EQ(refusal(good), "accepted");
  EXPECT_EQ(refusal("abc"), "byte 3: truncated: shorter than the 8 bytes of a length");
  EXPECT_EQ(refusal(good.substr(0, 30)), "byte 30: truncated: the header should end at byte 61");
  EXPECT_EQ(refusal(good.substr(0, 63)), "byte 63: truncated: tensor 'w' should end at byte 65");
  EXPECT_EQ(refusal(good + "e"), "byte 65: 1 bytes that belong to no tensor");
  EXPECT_NE(refusal(std::string(8, '\x7f') + "{}").find("byte 0: a header of 9187201950435737471 bytes"),
            std::string::npos);
  EXPECT_EQ(refusal(file_of("[]", "")), "byte 8: a header that is not a JSON object");
  EXPECT_EQ(refusal(file_of("{\"a\":}", "")), "byte 14: not valid JSON in the header");
}

TEST(SafetensorsTest, RefusesTensorsThatDoNotFit) {
  auto one = [](const std::string& entry) { return refusal(file_of("{\"w\":" + entry + "}", "abcd")); };
  auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has(one(R"({"dtype":"F99","shape":[4],"data_offsets":[0,4]})"), "unknown type 'F99'"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[5],"data_offsets":[0,4]})"),
                  "tensor 'w' has 4 bytes, its type and shape make 40 bits"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[-4],"data_offsets":[0,4]})"), "expected a whole number as extent"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[4],"data_offsets":[4,0]})"), "ends at 0, before it begins at 4"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[4]})"), "expected dtype, shape and two data_offsets"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[9223372036854775807,9],"data_offsets":[0,4]})"),
                  "a shape of more elements than can be"));
  EXPECT_TRUE(has(one(R"({"dtype":"U8","shape":[[4]],"data_offsets":[0,4]})"), "nested deeper"));
}

TEST(SafetensorsTest, RefusesOverlapsGapsAndRepetitions) {
  auto two = [](const std::string& name, const char* offsets) {
    return refusal(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},")" + name +
                               R"(":{"dtype":"U8","shape":[2],"data_offsets":)" + offsets + "}}",
                           "abcd"));
  };
  EXPECT_EQ(two("b", "[2,4]"), "accepted");
  EXPECT_NE(two("b", "[1,3]").find("tensor 'b' overlaps the one before it"), std::string::npos);
  EXPECT_NE(two("a", "[2,4]").find("tensor 'a': twice"), std::string::npos);
  EXPECT_NE(refusal(file_of(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})", "abcd"))
                .find("tensor 'b' leaves a gap"),
            std::string::npos);
}

}  // namespace
}  // namespace hasten
