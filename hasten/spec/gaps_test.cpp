// What is known of empty cells: reading, and what is refused.
#include "hasten/spec/gaps.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

const std::string kCell =
    "[[cell]]\ncomponent = \"objective\"\nverb = \"reorder\"\nknown = \"tried\"\nsource = \"somebody\"\n";

TEST(GapsTest, ReadsCells) {
  const std::vector<CellKnowledge> cells = read_gaps(kCell, "gaps.toml");
  ASSERT_EQ(cells.size(), 1);
  EXPECT_EQ(cells[0].component, Component::kObjective);
  EXPECT_EQ(cells[0].verb, Verb::kReorder);
  EXPECT_EQ(cells[0].known, "tried");
  EXPECT_EQ(cells[0].source, "somebody");
}

TEST(GapsTest, RefusesWhatNamesNoCell) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      read_gaps(text, "gaps.toml");
    } catch (const ConfigError& error) {
      return error.source() + ": " + error.what();
    }
    return "accepted";
  };
  EXPECT_NE(error(kCell + kCell).find("objective x reorder twice"), std::string::npos) << error(kCell + kCell);
  const std::string wrong = "[[cell]]\ncomponent = \"objektive\"\nverb = \"reorder\"\nknown = \"a\"\nsource = \"b\"\n";
  EXPECT_NE(error(wrong).find("gaps.toml:2"), std::string::npos) << error(wrong);
  EXPECT_NE(error(wrong).find("objective"), std::string::npos) << error(wrong);
  EXPECT_NE(error("[[cell]]\ncomponent = \"objective\"\nverb = \"reorder\"\nknown = \"a\"\n").find("source"),
            std::string::npos);
  EXPECT_NE(error(kCell + "sauce = \"c\"\n").find("sauce"), std::string::npos);
}

}  // namespace
}  // namespace hasten
