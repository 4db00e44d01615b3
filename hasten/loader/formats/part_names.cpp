// What the parts of a data set are called.
#include "hasten/loader/formats/part_names.h"

#include <algorithm>
#include <cctype>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

PartName part_name_of(std::string_view word) {
  std::string low(word);
  std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return std::tolower(c); });
  if (low == "train" || low == "training") return PartName::kTrain;
  if (low == "val" || low == "valid" || low == "validation" || low == "dev") return PartName::kValidation;
  if (low == "test" || low == "testing" || low == "t10k") return PartName::kTest;
  return PartName::kNone;
}

PartName part_name_in(std::string_view name) {
  PartName found = PartName::kNone;
  for (size_t begin = 0; begin < name.size();) {
    size_t end = begin;
    while (end < name.size() && std::isalnum(static_cast<unsigned char>(name[end])) != 0) ++end;
    if (PartName part = part_name_of(name.substr(begin, end - begin)); part != PartName::kNone) found = part;
    begin = end + 1;
  }
  return found;
}

void FoundParts::add(PartName part) {
  if (part == PartName::kTrain) train_ = true;
  if (part == PartName::kValidation) validation_ = true;
  if (part == PartName::kTest) test_ = true;
}

std::vector<std::string> FoundParts::names() const {
  std::vector<std::string> names;
  if (train_) names.push_back("train");
  if (validation_ && test_) names.push_back("validation");
  if (validation_ || test_) names.push_back("test");
  if (names.empty()) names.push_back("");
  return names;
}

PartName FoundParts::resolve(const std::string& part, const std::string& path) const {
  const std::vector<std::string> there = names();
  const bool any = there.size() == 1 && there.front().empty();
  if (std::find(there.begin(), there.end(), part) == there.end()) {
    std::string list = any ? "no part (the data is not divided)" : "the part " + ordinal_list(there, "or");
    throw ConfigError("data", list + " of " + path, "\"" + part + "\"");
  }
  if (part == "train") return PartName::kTrain;
  if (part == "validation") return PartName::kValidation;
  if (part == "test") return test_ ? PartName::kTest : PartName::kValidation;
  return PartName::kNone;
}

}  // namespace hasten
