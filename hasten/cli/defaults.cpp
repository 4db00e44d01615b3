// Defaults from the environment and a file.
#include "hasten/cli/defaults.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/toml.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "--config", kNoDefaults = "--no-defaults";

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// "HASTEN_DATA_BENCH_SECONDS" of the words data, bench, seconds.
std::string variable_name(const std::vector<std::string>& words) {
  std::string name = "HASTEN_" + join(words, "_");
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool is_flag(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw("--" + name);
  return option != nullptr && option->get_items_expected_max() == 0;
}

// What a value adds: nothing for a flag that is off.
void add_value(const CLI::App& command, const std::string& name, const std::string& value, const std::string& where,
               std::vector<std::string>& out) {
  if (!is_flag(command, name)) {
    out.push_back("--" + name + "=" + value);
    return;
  }
  if (value == "true" || value == "1") out.push_back("--" + name);
  else if (value != "false" && value != "0") throw ConfigError(where, "true or false", "'" + value + "'");
}

std::string plain_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// The file that was asked for, or the usual one; empty if there is none.
fs::path config_file(const std::string& typed) {
  std::string named = typed.empty() ? environment("HASTEN_CONFIG") : typed;
  if (!named.empty()) {
    if (fs::exists(named)) return named;
    throw ConfigError(typed.empty() ? "HASTEN_CONFIG" : "--config", "a file", named + ", which is not there");
  }
  const std::string home = environment("HOME"), base = environment("XDG_CONFIG_HOME");
  if (base.empty() && home.empty()) return {};
  const fs::path usual = (base.empty() ? fs::path(home) / ".config" : fs::path(base)) / "hasten" / "config.toml";
  std::error_code error;
  return fs::exists(usual, error) ? usual : fs::path();
}

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Commands below `path` that only the program with LibTorch may have; what their tables hold, it checks itself.
std::vector<std::string> commands_with_torch(const std::vector<std::string>& path) {
  if (path.empty()) return {"train", "race", "tune", "ablate", "explain", "export", "doctor", "completion"};
  if (path == std::vector<std::string>{"methods"}) return {"check"};
  return {};
}

// A file with defaults. A table or a name in it that is spelt wrongly would be a setting that is ignored, so all of it
// is held against the commands that there are, and not only the table of the command that runs.
class DefaultsFile {
 public:
  DefaultsFile(const fs::path& file, const CLI::App& app) : file_(file.string()) {
    parse_toml(read_file(file), "--config", file_, document_, lines_);
    check(app, document_, {});
  }

  // The table of the command: [data.bench] for `data bench`.
  Json table(const std::vector<std::string>& path) const {
    const Json* table = &document_;
    for (const std::string& word : path) {
      if (!table->contains(word)) return Json::object();
      table = &table->at(word);
    }
    return *table;
  }

 private:
  void check(const CLI::App& command, const Json& table, const std::vector<std::string>& path) const {
    const std::vector<const CLI::App*> below = command.get_subcommands([](const CLI::App*) { return true; });
    std::vector<std::string> names = below.empty() ? option_names(command) : commands_with_torch(path);
    for (const CLI::App* each : below) {
      if (!has_word(names, each->get_name())) names.push_back(each->get_name());
    }
    for (const auto& [name, value] : table.items()) {
      std::vector<std::string> place = path;
      place.push_back(name);
      if (!has_word(names, name)) {
        throw wrong(place,
                    below.empty()  ? "the name of an option of " + join(path, " ")
                    : path.empty() ? "the name of a command"
                                   : "the name of a command of " + join(path, " "),
                    "'" + name + "'", suggest(name, names));
      }
      if (below.empty() && value.is_object()) throw wrong(place, "a value of --" + name, "a table");
      if (below.empty()) continue;
      if (!value.is_object()) throw wrong(place, "a table", plain_text(value));
      for (const CLI::App* each : below) {
        if (each->get_name() == name) check(*each, value, place);
      }
    }
  }

  ConfigError wrong(const std::vector<std::string>& path, const std::string& expected, const std::string& got,
                    const std::string& hint = "") const {
    const std::string place = join(path, ".");
    const auto line = lines_.find(place);
    return ConfigError(place, expected, got, hint).at(cat(file_, ":", line == lines_.end() ? 0 : line->second));
  }

  std::string file_;
  Json document_;
  TomlLines lines_;
};

class DefaultsOf {
 public:
  DefaultsOf(const CLI::App& command, std::vector<std::string> path, std::vector<std::string> typed)
      : command_(command), path_(std::move(path)), typed_(std::move(typed)), names_(option_names(command)) {}

  void add_environment() {
    std::vector<std::string> variables;
    for (const std::string& name : names_) {
      std::vector<std::string> words = path_;
      words.push_back(name);
      variables.push_back(variable_name(words));
      const std::string value = environment(variables.back());
      if (value.empty() || is_set(name)) continue;
      add_value(command_, name, value, variables.back(), added_);
      set_.push_back(name);
    }
    // A variable that is spelt wrongly would be a setting that is ignored.
    const std::string prefix = variable_name(path_) + "_";
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string variable = std::string(*entry).substr(0, std::string_view(*entry).find('='));
      if (variable.rfind(prefix, 0) != 0) continue;
      if (has_word(variables, variable)) continue;
      throw ConfigError(variable, "the name of an option of " + join(path_, " "), "'" + variable + "'",
                        suggest(variable, variables));
    }
  }

  void add_file(const DefaultsFile& file) {
    const Json table = file.table(path_);
    for (const auto& [name, value] : table.items()) {
      if (is_set(name)) continue;
      for (const Json& each : value.is_array() ? value : Json::array({value}))
        add_value(command_, name, plain_text(each), join(path_, ".") + "." + name, added_);
    }
  }

  const std::vector<std::string>& added() const { return added_; }

 private:
  bool is_set(const std::string& name) const {
    if (has_word(set_, name)) return true;
    const CLI::Option* option = command_.get_option_no_throw("--" + name);
    return std::any_of(typed_.begin(), typed_.end(), [&](const std::string& word) {
      return word == "--" + name || word.rfind("--" + name + "=", 0) == 0 || gives_letter(word, option);
    });
  }

  // Whether `word` gives the option by a letter: -n, -n3, and -fn3 behind a flag.
  bool gives_letter(const std::string& word, const CLI::Option* option) const {
    if (word.size() < 2 || word[0] != '-' || word[1] == '-') return false;
    for (const char letter : word.substr(1)) {
      const CLI::Option* given = command_.get_option_no_throw(std::string{'-', letter});
      if (given == option) return true;
      if (given == nullptr || given->get_items_expected_max() > 0) return false;  // the rest is its value
    }
    return false;
  }

  const CLI::App& command_;
  std::vector<std::string> path_, typed_, names_, set_, added_;
};

}  // namespace

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name != "help") names.push_back(name);
    }
  }
  return names;
}

void add_default_options(CLI::App& app) {
  app.add_option(std::string(kConfig),
                 "file with defaults, by command ([train] threads = 2); else $HASTEN_CONFIG, or "
                 "~/.config/hasten/config.toml if it is there");
  app.add_flag(std::string(kNoDefaults))->description("neither such a file nor variables such as HASTEN_TRAIN_THREADS");
}

NamedCommand named_command(CLI::App& app, const std::vector<std::string>& words) {
  const auto every = [](const CLI::App*) { return true; };
  NamedCommand named{&app, 0};
  while (!named.app->get_subcommands(every).empty()) {
    if (named.own_words == words.size()) return {};
    const std::string& word = words[named.own_words++];
    if (named.app == &app && word == kNoDefaults) continue;
    if (named.app == &app && word.rfind(kConfig, 0) == 0) {
      if (word == kConfig && named.own_words < words.size()) ++named.own_words;
      continue;
    }
    const auto found = named.app->get_subcommands([&](const CLI::App* each) { return each->check_name(word); });
    if (found.empty()) return {};
    named.app = found.front();
  }
  return named;
}

std::vector<std::string> with_defaults(CLI::App& app, const std::vector<std::string>& words) {
  const NamedCommand named = named_command(app, words);
  if (named.app == nullptr) return words;
  const auto own = words.begin() + static_cast<std::ptrdiff_t>(named.own_words);
  std::vector<std::string> path;
  for (const CLI::App* command = named.app; command != &app; command = command->get_parent())
    path.insert(path.begin(), command->get_name());
  std::string config;
  for (auto word = words.begin(); word != own; ++word) {
    if (*word == kNoDefaults) return words;
    if (*word == kConfig && word + 1 != own) config = *(word + 1);
    else if (word->rfind(std::string(kConfig) + "=", 0) == 0) config = word->substr(kConfig.size() + 1);
  }
  // Who asks for help may do so because a default is wrong.
  if (std::any_of(own, words.end(), [](const std::string& word) { return word == "--help" || word == "-h"; }))
    return words;
  DefaultsOf defaults(*named.app, path, {own, words.end()});
  defaults.add_environment();
  if (const fs::path file = config_file(config); !file.empty()) defaults.add_file(DefaultsFile(file, app));
  std::vector<std::string> all(words.begin(), own);
  all.insert(all.end(), defaults.added().begin(), defaults.added().end());
  all.insert(all.end(), own, words.end());
  return all;
}

}  // namespace hasten::cli
