// What the parts of a data set are called in names of files and folders.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hasten {

enum class PartName : uint8_t { kNone, kTrain, kValidation, kTest };

// "train" and "training", "val", "valid", "validation" and "dev", "test", "testing" and "t10k"; anything else is kNone.
PartName part_name_of(std::string_view word);
// The part that a name such as "train_images.npy", "fineweb_val_000001.bin" or "imagenet-train-00001.tar" speaks of.
PartName part_name_in(std::string_view name);

// The parts of a data set by their usual names, from what was found: where there is no test part, the validation part
// is it. {""} when nothing was found.
class FoundParts {
 public:
  void add(PartName part);
  std::vector<std::string> names() const;
  // What `part` of names() was in the data; throws ConfigError for a part that is not there.
  PartName resolve(const std::string& part, const std::string& path) const;

 private:
  bool train_ = false, validation_ = false, test_ = false;
};

}  // namespace hasten
