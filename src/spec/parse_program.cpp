#include <unistd.h>

#include <system_error>

#include "spec/parse.hpp"
#include "spec/reader.hpp"
#include "spec/scalars.hpp"

namespace coppice {

namespace {

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// The file must be there, and be one.
void check_file(const Node& node, const std::string& what, const std::filesystem::path& path) {
  std::error_code error;
  if (!is_there(path)) {
    fail(node.place, what, "no file " + path.string() + "; a path is relative to the study file");
  }
  if (!std::filesystem::is_regular_file(path, error))
    fail(node.place, what, path.string() + " is not a file");
}

/// A bare name is looked up in PATH.
void check_executable(const Node& node, const std::string& what, const std::filesystem::path& directory) {
  if (node.text.find('/') == std::string::npos || node.text.find('{') != std::string::npos) return;
  const std::filesystem::path path = directory / node.text;
  check_file(node, what, path);
  if (::access(path.c_str(), X_OK) != 0) {
    fail(node.place, what, path.string() + " is not executable; chmod +x it");
  }
}

}  // namespace

std::vector<std::string> parse_command_line(const Node& node, const std::string& what,
                                            const std::filesystem::path& directory, bool check_files) {
  if (node.kind != NodeKind::kList || node.items.empty()) {
    fail(node.place, what,
         "expected a list such as [python3, train.py], found " +
             (node.kind == NodeKind::kList ? std::string("an empty one") : describe(node)));
  }
  std::vector<std::string> words;
  for (const Node& item : node.items) {
    words.push_back(text_of(item, what));
    if (item.text.find('\0') != std::string::npos) fail(item.place, what, "a word holds a NUL");
    const bool script =
        &item != &node.items[0] && item.text.ends_with(".py") && item.text.find('{') == std::string::npos;
    if (check_files && script && !is_there(directory / item.text)) {
      fail(item.place, what,
           "no file " + (directory / item.text).string() + "; a path is relative to the study file");
    }
  }
  if (words[0].empty()) fail(node.items[0].place, what, "the program has no name");
  if (check_files) check_executable(node.items[0], what, directory);
  return words;
}

UserProgram parse_program(const Node& node, const std::string& what, const std::filesystem::path& directory,
                          bool check_files) {
  constexpr const char* kExample = "{command: [python3, explore.py]} or {plugin: ./libexplore.so}";
  const Reader reader(node, what, {"command", "plugin"}, kExample);
  const Node* command = reader.find("command");
  const Node* plugin = reader.find("plugin");
  if ((command == nullptr) == (plugin == nullptr)) {
    fail(node.place, what,
         (command == nullptr ? "expected " : "has command and plugin; keep one: ") + std::string(kExample));
  }
  UserProgram program;
  if (command != nullptr) {
    program.command = parse_command_line(*command, what + ".command", directory, check_files);
    return program;
  }
  program.plugin = text_of(*plugin, what + ".plugin");
  if (check_files) check_file(*plugin, what + ".plugin", directory / program.plugin);
  return program;
}

}  // namespace coppice
