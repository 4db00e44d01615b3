// What is known of cells, methods and pairs: reading, and what is refused.
#include "hasten/spec/gaps.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

const std::string kCell =
    "[[cell]]\ncomponent = \"objective\"\nverb = \"reorder\"\nknown = \"tried\"\nsource = \"somebody\"\n";

const std::string kMethod = "[[method]]\nname = \"ema\"\nknown = \"of one\"\nsource = \"a\"\n";
const std::string kPair = "[[method]]\nname = \"ema\"\nwith = \"sam\"\nknown = \"of both\"\nsource = \"b\"\n";
const std::string kTurned = "[[method]]\nname = \"sam\"\nwith = \"ema\"\nknown = \"of both\"\nsource = \"b\"\n";

TEST(GapsTest, ReadsCells) {
  const std::vector<CellKnowledge> cells = read_gaps(kCell, "gaps.toml").cells;
  ASSERT_EQ(cells.size(), 1);
  EXPECT_EQ(cells[0].component, Component::kObjective);
  EXPECT_EQ(cells[0].verb, Verb::kReorder);
  EXPECT_EQ(cells[0].known, "tried");
  EXPECT_EQ(cells[0].source, "somebody");
}

TEST(GapsTest, ReadsMethodsAndPairs) {
  const GapKnowledge known = read_gaps(kCell + kMethod + kPair, "gaps.toml");
  ASSERT_EQ(known.methods.size(), 2);
  EXPECT_EQ(known.of("ema").known, "of one");
  EXPECT_EQ(known.of("ema", "sam").source, "b");
  EXPECT_EQ(known.of("sam", "ema").known, "of both");
  EXPECT_EQ(known.of("sam").known, "");
  EXPECT_EQ(known.of("sam").name, "sam");
  EXPECT_EQ(known.of(Component::kObjective, Verb::kReorder).known, "tried");
  EXPECT_EQ(known.of(Component::kObjective, Verb::kRemove).known, "");
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
  EXPECT_NE(error(kMethod + kMethod).find("ema twice"), std::string::npos) << error(kMethod + kMethod);
  EXPECT_NE(error(kPair + kTurned).find("sam with ema twice"), std::string::npos) << error(kPair + kTurned);
  EXPECT_NE(error(kMethod + "component = \"objective\"\n").find("name, with, known, source"), std::string::npos);
  EXPECT_NE(error("[pair]\nname = \"ema\"\n").find("[[method]] tables only"), std::string::npos);
}

}  // namespace
}  // namespace hasten
