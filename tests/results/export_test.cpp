#include "results/export.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace coppice {
namespace {

std::string exported(const Table& table, ExportFormat format) {
  std::ostringstream stream;
  export_table(table, format, stream);
  return stream.str();
}

const Table kTable{"t",
                   {{"trial", Ints{0, kMissingInt, -7}},
                    {"a,b", Doubles{0.1, std::nan(""), -std::numeric_limits<double>::infinity()}},
                    {"text", Texts{"größe", "", "say \"x\",\nplease"}}}};

TEST(Export, CsvIsThatOfTheRfcButForTheEndsOfLines) {
  EXPECT_EQ(exported(kTable, ExportFormat::kCsv),
            "trial,\"a,b\",text\n"
            "0,0.1,größe\n"
            ",,\n"
            "-7,-inf,\"say \"\"x\"\",\nplease\"\n");
}

TEST(Export, AReturnInATextIsQuoted) {
  EXPECT_EQ(exported({"t", {{"x", Texts{"a\rb"}}}}, ExportFormat::kCsv), "x\n\"a\rb\"\n");
}

TEST(Export, JsonIsAnArrayOfObjects) {
  const std::string text = exported(kTable, ExportFormat::kJson);
  EXPECT_EQ(text,
            "[\n"
            "{\"trial\":0,\"a,b\":0.1,\"text\":\"größe\"},\n"
            "{\"trial\":null,\"a,b\":null,\"text\":null},\n"
            "{\"trial\":-7,\"a,b\":\"-inf\",\"text\":\"say \\\"x\\\",\\nplease\"}\n"
            "]\n");
  EXPECT_EQ(nlohmann::json::parse(text).size(), 3u);
}

TEST(Export, NumbersReadBackAsTheSame) {
  const Doubles values{0.1 + 0.2, 1e-310, 1.7976931348623157e308, 123456789.0, -0.0};
  const auto json = nlohmann::json::parse(exported({"t", {{"x", values}}}, ExportFormat::kJson));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(json[i]["x"].get<double>(), values[i]);
}

TEST(Export, AnEmptyTable) {
  const Table table{"t", {{"x", Doubles()}}};
  EXPECT_EQ(exported(table, ExportFormat::kCsv), "x\n");
  EXPECT_EQ(nlohmann::json::parse(exported(table, ExportFormat::kJson)), nlohmann::json::array());
}

}  // namespace
}  // namespace coppice
