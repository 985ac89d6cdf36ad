/// A journal in a folder of its own, with a sample of records to be damaged.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/format.hpp"
#include "journal/reader.hpp"
#include "journal/writer.hpp"
#include "temporary_directory.hpp"

namespace coppice {

class Journal : public testing::Test {
 protected:
  static constexpr double kNever_s = 3600;

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "study.journal";
  JournalHeader header_ = header();

  static JournalHeader header() {
    JournalHeader header;
    header.name = "digits";
    header.seed = std::numeric_limits<std::uint64_t>::max();
    header.study_text = "name: digits\n";
    header.identity = {{"objective.metric", "loss"}, {"seed", "7"}};
    header.version = "0.1.0";
    header.created_unix_s = 42;
    return header;
  }

  static std::string read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  static void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const JournalError& error) {
      return error.what();
    }
    return "no error";
  }

  static std::vector<JournalRecord> read_all(JournalReader& reader) {
    std::vector<JournalRecord> records;
    while (auto record = reader.next()) records.push_back(std::move(*record));
    return records;
  }

  std::unique_ptr<JournalWriter> create() { return JournalWriter::create(path_, 3, header_, kNever_s); }

  /// A journal of header, start and `entries` entries, each of them durable before the next unless said
  /// otherwise. Returns where each record begins, and the end.
  std::vector<std::uint64_t> write_sample(std::uint64_t entries, bool durable = true) {
    auto writer = create();
    std::vector<std::uint64_t> offsets{journal_format::kFileHeaderBytes, writer->size_bytes()};
    writer->append(JournalStart{1, 43, "node-1", 99, "4711", "0.1.0", "trials 200", "/results/checkpoints"});
    for (std::uint64_t seq = 0; seq < entries; ++seq) {
      offsets.push_back(writer->size_bytes());
      if (durable) writer->sync();
      writer->append(
          JournalEntry{seq, 0.5 * static_cast<double>(seq), Reported{1, 2, 3, 4, {{"loss", 0.5}}}, {}});
    }
    offsets.push_back(writer->size_bytes());
    return offsets;
  }
};

}  // namespace coppice
