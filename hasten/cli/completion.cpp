// Completion scripts, written from the commands themselves.
#include "hasten/cli/completion.h"

#include <algorithm>

#include "hasten/base/text.h"

namespace hasten::cli {
namespace {

struct Word {
  std::string text, help;
};

// A command as a shell sees it.
struct Place {
  std::string path;  // "data bench"; empty for the program
  std::vector<Word> commands, options;
  struct Values {
    std::string option;
    std::vector<std::string> words;
  };
  std::vector<Values> values;
  std::vector<std::string> operands;  // known words that may stand without an option
  bool takes_files() const { return commands.empty() && operands.empty(); }
  // What leads here: the command above it, a blank, and its own name.
  std::string step() const { return path.find(' ') == std::string::npos ? " " + path : path; }
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The words of a check such as {none,random_resized}.
std::vector<std::string> listed_values(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return split(type.substr(open + 1, close - open - 1), ',');
}

class Places {
 public:
  Places(const CLI::App& app, const std::vector<std::string>& methods) : methods_(methods) { add(app, ""); }
  const std::vector<Place>& all() const { return all_; }

 private:
  bool names_methods(const std::string& path, const CLI::Option& option) const {
    if (!option.get_lnames().empty()) {
      const std::string& name = option.get_lnames().front();
      return name == "with" || name == "without" || name == "add";
    }
    return path == "methods show" || path == "methods check" || path == "methods similar";
  }

  void add(const CLI::App& app, const std::string& path) {
    Place place{path, {}, {}, {}, {}};
    for (const CLI::Option* option : app.get_options()) {
      std::vector<std::string> values = names_methods(path, *option) ? methods_ : listed_values(*option);
      if (option->get_lnames().empty() && option->get_snames().empty()) {
        place.operands.insert(place.operands.end(), values.begin(), values.end());
        continue;
      }
      for (const std::string& name : option->get_lnames()) {
        place.options.push_back({"--" + name, first_line(option->get_description())});
        if (!values.empty()) place.values.push_back({"--" + name, values});
      }
    }
    const std::vector<const CLI::App*> below = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* command : below)
      place.commands.push_back({command->get_name(), first_line(command->get_description())});
    all_.push_back(std::move(place));
    for (const CLI::App* command : below)
      add(*command, path.empty() ? command->get_name() : path + " " + command->get_name());
  }

  const std::vector<std::string>& methods_;
  std::vector<Place> all_;
};

std::string texts(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words) out.push_back(word.text);
  return join(out, " ");
}

// Within single quotes of a shell; ':' ends a name in zsh's descriptions.
std::string quoted(std::string text, bool colons = false) {
  std::string out;
  for (char c : text) {
    if (c == '\'') out += "'\\''";
    else if (c == ':' && colons) out += "\\:";
    else out += c;
  }
  return "'" + out + "'";
}

// The command that the words before the cursor name; the same in bash and zsh, whose arrays begin at 0 and at 1.
std::string find_place(const std::vector<Place>& places, const char* first, const char* end) {
  std::string out = cat("  local place= word i\n  for ((i = ", first, "; i < ", end,
                        "; i++)); do\n    word=${words[i]}\n", "    case \"$place $word\" in\n");
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    out += "      " + quoted(place.step()) + ") place=" + quoted(place.path) + " ;;\n";
  }
  return out + "    esac\n  done\n";
}

std::string bash_script(const std::vector<Place>& places) {
  std::string out =
      "# bash completion of hasten: source <(hasten completion bash)\n_hasten() {\n"
      "  local words=(\"${COMP_WORDS[@]}\") current=${COMP_WORDS[COMP_CWORD]} "
      "previous=${COMP_WORDS[COMP_CWORD-1]}\n  local known= files=\n";
  out += find_place(places, "1", "COMP_CWORD");
  out += "  case \"$place $previous\" in\n";
  for (const Place& place : places) {
    for (const Place::Values& values : place.values) {
      out += "    " + quoted(place.path + " " + values.option) + ") COMPREPLY=($(compgen -W " +
             quoted(join(values.words, " ")) + " -- \"$current\")); return ;;\n";
    }
  }
  out += "  esac\n  case \"$place\" in\n";
  for (const Place& place : places) {
    out += "    " + quoted(place.path) +
           ") known=" + quoted(join({texts(place.commands), join(place.operands, " "), texts(place.options)}, " ")) +
           (place.takes_files() ? " files=1 ;;\n" : " ;;\n");
  }
  return out +
         "  esac\n"
         "  # Options are offered when a dash is typed.\n"
         "  if [[ $current != -* && -n $place ]]; then known=$(tr ' ' '\\n' <<< \"$known\" | grep -v '^-'); fi\n"
         "  COMPREPLY=($(compgen -W \"$known\" -- \"$current\"))\n"
         "  if [[ -n $files && $current != -* ]]; then COMPREPLY+=($(compgen -f -- \"$current\")); fi\n"
         "}\ncomplete -o filenames -F _hasten hasten\n";
}

std::string zsh_words(const std::vector<Word>& words) {
  std::string out;
  for (const Word& word : words) out += " " + quoted(word.text) + "\\:" + quoted(word.help, true);
  return out;
}

std::string zsh_script(const std::vector<Place>& places) {
  std::string out =
      "#compdef hasten\n# zsh completion of hasten: source <(hasten completion zsh)\n_hasten() {\n"
      "  local current=${words[CURRENT]} previous=${words[CURRENT-1]}\n";
  out += find_place(places, "2", "CURRENT");
  out += "  local -a commands options; local files=\n  case \"$place $previous\" in\n";
  for (const Place& place : places) {
    for (const Place::Values& values : place.values) {
      out += "    " + quoted(place.path + " " + values.option) + ") compadd -- " + join(values.words, " ") +
             "; return ;;\n";
    }
  }
  out += "  esac\n  case \"$place\" in\n";
  for (const Place& place : places) {
    std::vector<Word> commands = place.commands;
    for (const std::string& operand : place.operands) commands.push_back({operand, ""});
    out += "    " + quoted(place.path) + ")\n      commands=(" + zsh_words(commands) + ")\n      options=(" +
           zsh_words(place.options) + (place.takes_files() ? "); files=1 ;;\n" : ") ;;\n");
  }
  return out +
         "  esac\n"
         "  if [[ $current == -* ]]; then _describe option options; return; fi\n"
         "  (( $#commands )) && _describe command commands\n"
         "  [[ -n $files ]] && _files\n"
         "}\ncompdef _hasten hasten\n";
}

std::string fish_script(const std::vector<Place>& places) {
  std::string out =
      "# fish completion of hasten: hasten completion fish | source\n"
      "function __hasten_at\n"
      "  set -l place ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$place $word\"\n";
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    out += "      case " + quoted(place.step()) + "\n        set place " + quoted(place.path) + "\n";
  }
  out += "    end\n  end\n  test \"$place\" = \"$argv[1]\"\nend\n";
  for (const Place& place : places) {
    const std::string at = "complete -c hasten -n \"__hasten_at " + quoted(place.path) + "\"";
    for (const Word& command : place.commands)
      out += at + " -f -a " + quoted(command.text) + " -d " + quoted(command.help) + "\n";
    for (const std::string& operand : place.operands) out += at + " -f -a " + quoted(operand) + "\n";
    for (const Word& option : place.options) {
      out += at + " -l " + quoted(option.text.substr(2)) + " -d " + quoted(option.help);
      for (const Place::Values& values : place.values) {
        if (values.option == option.text) out += " -x -a " + quoted(join(values.words, " "));
      }
      out += "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell, const std::vector<std::string>& methods) {
  const Places places(app, methods);
  switch (shell) {
    case Shell::kBash: return bash_script(places.all());
    case Shell::kZsh: return zsh_script(places.all());
    case Shell::kFish: return fish_script(places.all());
  }
  return "";
}

}  // namespace hasten::cli
