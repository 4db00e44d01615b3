// hasten methods check: one method, or all, against the contract.
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/methods/registry.h"
#include "hasten/study/conformance.h"

namespace hasten::cli {
namespace {

const char* word(ConformanceCheck::Result result) {
  switch (result) {
    case ConformanceCheck::Result::kPassed: return "ok";
    case ConformanceCheck::Result::kFailed: return "FAILED";
    case ConformanceCheck::Result::kNotApplicable: return "-";
  }
  return "";
}

// A folder of this call that goes away with it.
class Scratch {
 public:
  Scratch() : path_(std::filesystem::temp_directory_path() / cat("hasten_check_", now_ns())) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

bool check_method(const std::string& name, Json& json, bool as_json) {
  Scratch scratch;
  bool conforms = true;
  if (!as_json) std::cout << name << "\n";
  for (const ConformanceCheck& check : check_conformance(method_entries(), name, scratch.path())) {
    conforms = conforms && check.result != ConformanceCheck::Result::kFailed;
    json[name][check.name] = {{"result", word(check.result)}, {"detail", check.detail}};
    if (as_json) continue;
    std::cout << "  " << std::left << std::setw(12) << check.name << std::setw(8) << word(check.result) << check.detail
              << "\n";
  }
  return conforms;
}

}  // namespace

void add_methods_check(CLI::App& app, Context& context) {
  CLI::App* command = app.get_subcommand("methods")->add_subcommand(
      "check", "run a method through the checks that every method has to pass (a second each)");
  auto given = std::make_shared<std::vector<std::string>>();
  command->add_option("names", *given, "methods; all if none is named");
  add_json_flag(*command, context);
  command->footer("Exit code 4 if a check fails.");
  command->callback([given, &context] {
    std::vector<std::string> names = *given;
    for (const std::string& name : names) registry().catalogue().get(name, "name");
    if (names.empty()) {
      for (const MethodSpec& spec : registry().catalogue().all()) names.push_back(spec.name);
    }
    Json json = Json::object();
    for (const std::string& name : names) {
      if (!check_method(name, json, context.json)) context.exit_code = kStrictFailure;
    }
    if (context.json) print_json(json);
  });
}

}  // namespace hasten::cli
