// Files that are no YAML, no file, or too much of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "bad_study.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

TEST(BadStudy, Yaml) {
  expect_all_refused({{"", 1, 1, {"empty"}},
                      {"# nothing\n\n", 1, 1, {"empty"}},
                      {"hello\n", 1, 1, {"expected a mapping", "'hello'"}},
                      {"- a\n", 1, 1, {"expected a mapping", "a list"}},
                      {"name: x\nspace:\n\tx: {type: float}\n", 3, 3, {"not valid YAML", "not tabs"}},
                      {"name: x\n\tspace: y\n", 2, 1, {"not valid YAML", "tab"}},
                      {"name: [a, b\nseed: 1\n", 2, 5, {"not valid YAML"}},
                      {"seed: 1\nname: \"abc\n", 2, 1, {"not valid YAML", "quote", "never closed"}},
                      {"name: a: b\n", 1, 8, {"not valid YAML"}},
                      {"name: x\nseed: 1\nname: y\n", 3, 1, {"'name' is there twice", "line 1"}},
                      {"name: x\n---\nseed: 1\n", 2, 1, {"a second document"}},
                      {"name: x\n...\nseed: 1\n", 3, 1, {"a second document"}},
                      {" name: x\nseed: 1\n", 2, 1, {"not valid YAML", "same column"}},
                      {"\n# --- x\n  name: x\n  seed: 2\nretries: 1\n", 5, 1, {"same column"}},
                      {"name: x\nspace: {a: 1}\n seed: 1\n", 3, 2, {"not valid YAML", "same column"}},
                      {"space:\n  - 1\n x\nseed: 1\n", 3, 2, {"not valid YAML", "same column"}},
                      {"name: 'x' y\n", 1, 11, {"not valid YAML: end of map"}},
                      {"name: *other\n", 1, 7, {"anchor"}},
                      {"name: &a [*a]\n", 1, 11, {"alias stands within"}},
                      {"name: !mine x\n", 1, 7, {"tag !mine"}},
                      {"name: é\xff\n", 1, 8, {"UTF-8"}},
                      {std::string("name: a\0b\n", 10), 1, 8, {"NUL"}},
                      {"[a]: b\n", 1, 1, {"a key must be text"}}});
}

TEST(BadFiles, MissingFolderAndUnreadable) {
  const StudyFolder folder;
  const auto message = [&](const std::filesystem::path& file) -> std::string {
    try {
      load_study(file, {}, {}, test_catalogs());
    } catch (const SpecError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string absent = (folder.path() / "absent.yaml").string();
  EXPECT_EQ(message(absent), absent + ":1:1: no such file");
  EXPECT_THAT(message(folder.path()), HasSubstr(":1:1: is a directory"));
  EXPECT_THAT(message(folder.write("file", "") / "study.yaml"), HasSubstr(":1:1: "));
  EXPECT_THAT(message(folder.write("large", std::string(5 << 20, ' '))), HasSubstr("larger than 4 MiB"));
}

TEST(BadFiles, AMessageIsOneLineWhateverTheFileHolds) {
  expect_refused({kBase + "\"a\\nb\": 1\n", 4, 1, {"unknown key 'a b'"}});
  expect_refused({kBase + "coordinator: |\n  a\n  b\n", 4, 14, {"'a b '"}});
}

TEST(BadFiles, DeepNestingIsRefused) {
  const StudyFolder folder;
  try {
    folder.load("name: " + std::string(100000, '['));
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_EQ(error.place().line, 1);
    EXPECT_THAT(error.what(), HasSubstr("nested too deeply"));
  }
}

TEST(BadFiles, AliasesThatGrowWithoutBoundAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int j = 0; j < 9; ++j) text += ", " + from;
    text += "]\n";
  }
  const StudyFolder folder;
  try {
    folder.load(text);
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than 100000 values"));
  }
}

}  // namespace
}  // namespace coppice
