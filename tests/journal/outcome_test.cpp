#include "journal/outcome.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "journal/record.hpp"
#include "temporary_directory.hpp"

namespace coppice {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::size_t files_in(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

TEST(Outcome, IsOneLineOfJson) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "outcome";
  write_outcome(path, {75, 3, "SIGUSR1 at \"noon\""});
  EXPECT_EQ(content(path),
            "{\"outcome\":\"stopped\",\"exit_status\":75,\"incarnation\":3,\"reason\":\"SIGUSR1 at "
            "\\\"noon\\\"\"}\n");
  EXPECT_EQ(files_in(directory.path()), 1U) << "nothing temporary is left";
}

TEST(Outcome, ReadsBack) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "outcome";
  for (const RunOutcome& outcome :
       {RunOutcome{0, 1, "the budget is spent"}, RunOutcome{2, 0, "a mistake"}, RunOutcome{1, 7, ""}}) {
    write_outcome(path, outcome);
    EXPECT_EQ(read_outcome(path), outcome);
  }
}

TEST(Outcome, WordsFollowTheExitStatus) {
  EXPECT_EQ(outcome_word(0), "finished");
  EXPECT_EQ(outcome_word(75), "stopped");
  EXPECT_EQ(outcome_word(1), "failed");
  EXPECT_EQ(outcome_word(2), "failed");
}

TEST(Outcome, NothingWhereThereIsNone) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "outcome";
  EXPECT_FALSE(read_outcome(path));
  std::ofstream(path) << "{\"outcome\":\"fini";
  EXPECT_FALSE(read_outcome(path));
  remove_outcome(path);
  EXPECT_EQ(files_in(directory.path()), 0U);
  remove_outcome(path);  // as often as one likes
}

TEST(Outcome, ErrorsNameTheFile) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "nowhere" / "outcome";
  try {
    write_outcome(path, {});
    FAIL() << "no error";
  } catch (const JournalError& error) {
    EXPECT_NE(std::string(error.what()).find("nowhere/.outcome.tmp"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coppice
