/// Every mistake names its place, says what is wrong, and, where it can, what is right.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "study_text.hpp"

namespace coppice {

/// A study file with a mistake: where it is, and words of the message.
struct BadStudy {
  std::string text;
  int line;
  int column;
  std::vector<std::string> words;
};

inline void expect_refused(const BadStudy& bad) {
  const StudyFolder folder;
  SCOPED_TRACE(bad.text);
  try {
    folder.load(bad.text);
    ADD_FAILURE() << "no error";
  } catch (const SpecError& error) {
    EXPECT_EQ(error.place().line, bad.line) << error.what();
    EXPECT_EQ(error.place().column, bad.column) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr("study.yaml:" + std::to_string(bad.line) + ":" +
                                                 std::to_string(bad.column) + ": "));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    for (const std::string& word : bad.words) EXPECT_THAT(error.message(), testing::HasSubstr(word));
  }
}

inline void expect_all_refused(const std::vector<BadStudy>& all) {
  for (const BadStudy& bad : all) expect_refused(bad);
}

}  // namespace coppice
