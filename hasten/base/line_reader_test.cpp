// Lines across chunks, with marks and endings of other systems.
#include "hasten/base/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

std::vector<std::string> lines_of(const std::string& bytes) {
  auto path = std::filesystem::temp_directory_path() / cat("hasten_lines_", ::getpid());
  write_file_atomic(path, bytes);
  LineReader reader(path);
  std::vector<std::string> lines;
  std::string_view line;
  while (reader.next(line)) {
    lines.emplace_back(line);
    EXPECT_GE(reader.capacity_behind(line), line.size() + LineReader::kPadding);
  }
  std::filesystem::remove(path);
  return lines;
}

TEST(LineReader, MarksReturnsAndMissingLastNewline) {
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"
                     "a\r\nb\n\nc"),
            (std::vector<std::string>{"a", "b", "", "c"}));
  EXPECT_TRUE(lines_of("").empty());
  EXPECT_EQ(lines_of("\n").size(), 1u);
}

TEST(LineReader, LinesLongerThanAChunk) {
  std::string wide(3'500'000, 'x'), text = "first\n" + wide + "\nlast\n";
  auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], wide);
  EXPECT_EQ(lines[2], "last");
}

TEST(LineReader, ManyLinesAcrossChunks) {
  std::string text;
  for (int i = 0; i < 400000; ++i) text += std::to_string(i) + "\n";
  auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 400000u);
  for (size_t i = 0; i < lines.size(); i += 997) EXPECT_EQ(lines[i], std::to_string(i));
}

TEST(LineReader, AMissingFileIsAnError) { EXPECT_THROW(LineReader("/nowhere/at/all"), DataError); }

}  // namespace
}  // namespace hasten
