#include "trainables/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

namespace coppice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

std::string digits_bytes() {
  std::ifstream in(find_digits(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// 40 rows "i,2,5*i,label": labels 0, 1, 2 in turn.
std::string small_csv() {
  std::ostringstream out;
  for (int i = 0; i < 40; ++i) out << i << ",2," << 5 * i << ',' << i % 3 << '\n';
  return out.str();
}

std::string with_line(const std::string& line) {
  return small_csv() + line + "\n";
}

TEST(DigitsTest, IsAllThereAndSplit60To20To20) {
  const Dataset digits = load_digits();
  EXPECT_EQ(digits.features, 64U);
  EXPECT_EQ(digits.classes, 10U);
  EXPECT_EQ(digits.training.rows(), 1078U);
  EXPECT_EQ(digits.validation.rows(), 359U);
  EXPECT_EQ(digits.test.rows(), 360U);
  for (const DatasetPart* part : {&digits.training, &digits.validation, &digits.test}) {
    EXPECT_EQ(part->features.size(), part->rows() * 64);
    EXPECT_EQ(std::set<int>(part->labels.begin(), part->labels.end()).size(), 10U);
    const auto [low, high] = std::minmax_element(part->features.begin(), part->features.end());
    EXPECT_EQ(*low, 0.0F);
    EXPECT_EQ(*high, 1.0F);
  }
}

TEST(DigitsTest, NoRowIsInTwoParts) {
  const Dataset digits = load_digits();
  std::multiset<std::vector<float>> rows;
  for (const DatasetPart* part : {&digits.training, &digits.validation, &digits.test}) {
    for (std::size_t i = 0; i < part->rows(); ++i) {
      const float* row = part->features.data() + i * 64;
      rows.emplace(row, row + 64);
    }
  }
  EXPECT_EQ(rows.size(), 1797U);
  EXPECT_EQ(std::set(rows.begin(), rows.end()).size(), 1797U);  // no image occurs twice in the data
}

TEST(DigitsTest, TheSplitIsTheSameEachTime) {
  const Dataset a = load_digits();
  const Dataset b = load_dataset("digits", "/nowhere");
  EXPECT_EQ(a.training.features, b.training.features);
  EXPECT_EQ(a.test.labels, b.test.labels);
  // Known answer: results would not compare across versions if this moved.
  const std::vector<int> first(a.training.labels.begin(), a.training.labels.begin() + 12);
  EXPECT_EQ(first, (std::vector<int>{8, 9, 4, 0, 4, 2, 9, 9, 5, 6, 6, 0}));
}

TEST(DigitsTest, AMissingFileIsNamed) {
  EXPECT_EQ(refusal([] { load_digits("/nowhere/digits.csv.gz"); }),
            "/nowhere/digits.csv.gz: the data file is missing");
}

TEST(DigitsTest, ATornFileIsNamedWithTheLineWhereItEnds) {
  const TemporaryFolder folder;
  const std::string whole = digits_bytes();
  for (const std::size_t size : {whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    const fs::path file = folder.write("digits.csv.gz", whole.substr(0, size));
    const std::string message = refusal([&] { load_digits(file); });
    EXPECT_THAT(message, StartsWith(file.string() + ":")) << size;
    EXPECT_THAT(message, HasSubstr("torn")) << size;
  }
}

TEST(DigitsTest, DamagedBytesAreFoundWhereverTheyAre) {
  const TemporaryFolder folder;
  const std::string whole = digits_bytes();
  for (const std::size_t place : {std::size_t{0}, whole.size() / 3, whole.size() - 6}) {
    std::string bytes = whole;
    bytes[place] = static_cast<char>(bytes[place] ^ 0x10);
    const fs::path file = folder.write("digits.csv.gz", bytes);
    EXPECT_THAT(refusal([&] { load_digits(file); }), StartsWith(file.string() + ":")) << place;
  }
  const fs::path empty = folder.write("empty.csv.gz", "");
  EXPECT_NE(refusal([&] { load_digits(empty); }), "");
}

TEST(DigitsTest, PixelsAndLabelsAreChecked) {
  const TemporaryFolder folder;
  std::string row;
  for (int j = 0; j < 64; ++j) row += "16,";
  std::string good;
  for (int i = 0; i < 30; ++i) good += row + "3\n";
  EXPECT_EQ(refusal([&] { load_digits(folder.write("good.csv", good)); }), "");
  const fs::path label = folder.write("label.csv", good + row + "10\n");
  EXPECT_EQ(refusal([&] { load_digits(label); }), label.string() + ":31: label 10 is not a digit");
  const fs::path pixel = folder.write("pixel.csv", good + "17" + row.substr(2) + "3\n");
  EXPECT_EQ(refusal([&] { load_digits(pixel); }), pixel.string() + ":31: pixel 17 is not in 0 to 16");
  const fs::path narrow = folder.write("narrow.csv", small_csv());
  EXPECT_EQ(refusal([&] { load_digits(narrow); }), narrow.string() + ":1: 4 columns; the digits have 65");
}

TEST(CsvTest, IsScaledByItsTrainingPart) {
  const TemporaryFolder folder;
  folder.write("small.csv", small_csv());
  const Dataset data = load_dataset("small.csv", folder.path());
  EXPECT_EQ(data.features, 3U);
  EXPECT_EQ(data.classes, 3U);
  EXPECT_EQ(data.training.rows(), 24U);
  EXPECT_EQ(data.validation.rows(), 8U);
  EXPECT_EQ(data.test.rows(), 8U);
  std::vector<float> first;
  for (std::size_t i = 0; i < 24; ++i) {
    first.push_back(data.training.features[3 * i]);
    EXPECT_EQ(data.training.features[3 * i + 1], 0.0F);  // constant
    EXPECT_EQ(data.training.features[3 * i + 2], first.back());
  }
  EXPECT_EQ(*std::min_element(first.begin(), first.end()), 0.0F);
  EXPECT_EQ(*std::max_element(first.begin(), first.end()), 1.0F);
}

TEST(CsvTest, TakesWindowsLineEndsBlanksAndAMissingLastLineEnd) {
  const TemporaryFolder folder;
  std::string text;
  for (const char c : small_csv())
    text += c == '\n' ? std::string("\r\n") : c == ',' ? std::string(", ") : std::string(1, c);
  const Dataset plain = load_csv(folder.write("a.csv", small_csv()));
  EXPECT_EQ(load_csv(folder.write("b.csv", text)).training.features, plain.training.features);
  const std::string cut = small_csv().substr(0, small_csv().size() - 1);
  EXPECT_EQ(load_csv(folder.write("c.csv", cut)).test.features, plain.test.features);
}

TEST(CsvTest, SaysWhereAndWhatIsWrong) {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& text) {
    const fs::path file = folder.write("bad.csv", text);
    const std::string message = refusal([&] { load_csv(file); });
    EXPECT_THAT(message, StartsWith(file.string() + ":"));
    return message.substr(std::min(message.size(), file.string().size()));
  };
  EXPECT_EQ(said(with_line("1,2,3")), ":41: 3 columns where the first row has 4");
  EXPECT_EQ(said(with_line("1,2,3,4,5")), ":41: 5 columns where the first row has 4");
  EXPECT_EQ(said(with_line("1,two,3,0")), ":41: 'two' is not a number");
  EXPECT_EQ(said(with_line("1,,3,0")), ":41: '' is not a number");
  EXPECT_EQ(said(with_line("1,nan,3,0")), ":41: 'nan' is not a number");
  EXPECT_EQ(said(with_line("1,2,3,0.5")), ":41: the last column is the label, an integer from 0; found 0.5");
  EXPECT_EQ(said(with_line("1,2,3,-1")), ":41: the last column is the label, an integer from 0; found -1");
  EXPECT_EQ(said("\n" + small_csv()), ":1: '' is not a number (a header line? take it out)");
  EXPECT_EQ(said("a,b,c,label\n" + small_csv()), ":1: 'a' is not a number (a header line? take it out)");
  EXPECT_EQ(said("0\n1\n"), ":1: one column only: features and a label, separated by commas, are needed");
  EXPECT_EQ(said("1,0\n2,1\n"), ":2: the file ends after 2 rows; at least 30 are needed");
  EXPECT_THAT(said(with_line("1,2,3,5000")), HasSubstr("5001 classes in 41 rows"));
  EXPECT_THAT(said(""), HasSubstr("the file ends after 0 rows"));
}

TEST(CsvTest, AFolderOrAMissingFileIsRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal([&] { load_dataset(".", folder.path()); }),
            (folder.path() / ".").string() + ": not a file");
  EXPECT_EQ(refusal([&] { load_dataset("x.csv", folder.path()); }),
            (folder.path() / "x.csv").string() + ": the data file is missing");
  EXPECT_NE(refusal([&] { load_dataset("", folder.path()); }), "");
}

}  // namespace
}  // namespace coppice
