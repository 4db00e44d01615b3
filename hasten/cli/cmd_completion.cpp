// hasten completion: a script by which a shell completes command lines.
#include <iostream>

#include "hasten/cli/command.h"
#include "hasten/cli/completion.h"
#include "hasten/methods/catalogue.h"

namespace hasten::cli {

void add_completion(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("completion", "a script for bash, zsh or fish that completes command lines");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "for which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "examples:\n"
      "  source <(hasten completion bash)              # in ~/.bashrc\n"
      "  source <(hasten completion zsh)               # in ~/.zshrc, after compinit\n"
      "  hasten completion fish | source               # in ~/.config/fish/config.fish");
  command->callback([&app, shell] {
    std::vector<std::string> methods;
    for (const MethodSpec& spec : method_specs()) methods.push_back(spec.name);
    const Shell kind = *shell == "bash" ? Shell::kBash : *shell == "zsh" ? Shell::kZsh : Shell::kFish;
    std::cout << completion_script(app, kind, methods);
  });
}

}  // namespace hasten::cli
