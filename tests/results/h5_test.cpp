#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>

#include "../journal/temporary_directory.hpp"
#include "results/h5_reader.hpp"
#include "results/h5_writer.hpp"
#include "story.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Tables story_tables() {
  Recorder recorder(story::study());
  story::first_start(recorder);
  story::second_start(recorder);
  recorder.costs({.running_s = 5,
                  .record_s = 0.25,
                  .appends = 20,
                  .journal_bytes = 2048,
                  .append_s = 0.125,
                  .commits = 4,
                  .commit_s = 0.5,
                  .commit_p99_s = 0.25,
                  .commit_max_s = 0.375,
                  .results_writes = 2,
                  .results_bytes = 4096,
                  .results_s = 0.75,
                  .results_copy_s = 0.5});
  recorder.journal_bytes(2100);
  return recorder.tables();
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const ResultsError& error) {
    return error.what();
  }
  return "no error";
}

struct Output {
  int status = -1;
  std::string text;
};

Output output_of(const std::string& command) {
  Output output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.text.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

/// NaN equals NaN.
void expect_same(const Table& a, const Table& b) {
  ASSERT_EQ(a.columns.size(), b.columns.size()) << a.name;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    EXPECT_EQ(a.columns[i].name, b.columns[i].name);
    ASSERT_EQ(a.columns[i].values.index(), b.columns[i].values.index()) << a.columns[i].name;
    if (const auto* numbers = std::get_if<Doubles>(&a.columns[i].values)) {
      const auto& others = std::get<Doubles>(b.columns[i].values);
      ASSERT_EQ(numbers->size(), others.size());
      for (std::size_t row = 0; row < others.size(); ++row) {
        EXPECT_THAT((*numbers)[row], testing::NanSensitiveDoubleEq(others[row])) << a.columns[i].name;
      }
    } else {
      EXPECT_EQ(a.columns[i].values, b.columns[i].values) << a.name << '.' << a.columns[i].name;
    }
  }
}

void expect_same(const Tables& a, const Tables& b) {
  for (std::size_t i = 0; i < a.all().size(); ++i) expect_same(*a.all()[i], *b.all()[i]);
}

class StudyFile : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "study.h5";

  void write(const Tables& tables) {
    const auto error = write_study(tables, directory_.path());
    ASSERT_FALSE(error) << *error;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_.path()), {}));
  }
};

TEST_F(StudyFile, WhatIsWrittenIsRead) {
  const Tables tables = story_tables();
  write(tables);
  const Tables read = read_study(results_file(directory_.path()));
  expect_same(read, tables);
  EXPECT_EQ(read.attributes.name, "digits-pbt");
  EXPECT_EQ(read.attributes.schema, 1);
  EXPECT_EQ(read.attributes.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read.attributes.study, "name: digits-pbt\n# größe\n");
  EXPECT_EQ(read.attributes.slurm_job_ids, "4711 4712");
  EXPECT_EQ(read.attributes.software, "mpi=Open MPI v4.1.4\nhdf5=1.10.8\n");
  EXPECT_EQ(read.attributes.environment, "OMP_NUM_THREADS=4\nPATH=/bin:/a b c\n");
  EXPECT_EQ(read.attributes.running_time_s, 15);
  EXPECT_EQ(read.attributes.journal_bytes, 2100);
  EXPECT_EQ(read.attributes.costs.commits, 4);
  EXPECT_EQ(read.attributes.costs.commit_max_s, 0.375);
  EXPECT_EQ(files(), 1u);
}

TEST_F(StudyFile, AStudyThatHasJustBegunIsACompleteFile) {
  Recorder recorder(story::study());
  write(recorder.tables());
  expect_same(read_study(file_), recorder.tables());
}

TEST_F(StudyFile, EqualTablesMakeEqualFiles) {
  write(story_tables());
  const std::string first = read_file(file_);
  write(story_tables());
  EXPECT_EQ(read_file(file_), first);
}

TEST_F(StudyFile, MoreRowsThanABlock) {
  Recorder recorder(story::study());
  story::first_start(recorder);
  for (int i = 0; i < 10001; ++i) {
    recorder.apply(i, Reported{13, 2, 1, i, {{"loss", 1.0 / i}, {"accuracy", i}}}, {});
    recorder.apply(i, StopRequested{}, {true, {}, {{DecisionKind::kHalt, 0, 0, i, std::to_string(i)}}});
  }
  write(recorder.tables());
  expect_same(read_study(file_), recorder.tables());
}

TEST_F(StudyFile, ALongStudyFileAndAsManyMetricsAsThereCanBe) {
  auto study = story::study();
  study.text = std::string(300000, '#') + "end";
  Recorder recorder(study);
  recorder.apply(0, Begun{}, {true, {Propose{0, 0, {}}}, {{DecisionKind::kStart, 0, kNoTrial, 0, ""}}});
  Metrics metrics;
  for (int i = 0; i < 3000; ++i) metrics.emplace_back("some rather long metric name " + std::to_string(i), i);
  metrics.emplace_back("loss", 1);
  recorder.apply(1, Reported{1, 0, 0, 1, metrics}, {});
  write(recorder.tables());
  const Tables read = read_study(file_);
  expect_same(read, recorder.tables());
  EXPECT_EQ(read.attributes.study, study.text);
}

TEST_F(StudyFile, OpensInPandas) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "there is no /usr/bin/python3";
  write(story_tables());
  const Output output = output_of("/usr/bin/python3 '" COPPICE_SOURCE_DIR "/tests/results/read_study.py' '" +
                                  file_.string() + "'");
  if (output.status == 77) GTEST_SKIP() << "no h5py or pandas: " << output.text;
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.text, R"(checkpoint_bytes = 0
checkpoint_write_s = 0.0
checkpoints_written = 0
cost_append_s = 0.125
cost_appends = 20
cost_commit_max_s = 0.375
cost_commit_p99_s = 0.25
cost_commit_s = 0.5
cost_commits = 4
cost_journal_bytes = 2048
cost_record_s = 0.25
cost_results_bytes = 4096
cost_results_copy_s = 0.5
cost_results_s = 0.75
cost_results_writes = 2
cost_running_s = 5.0
direction = 'minimize'
ended = '2023-11-14T23:13:25Z'
environment = 'OMP_NUM_THREADS=4\nPATH=/bin:/a b c\n'
incarnations = 2
journal_bytes = 2100
metrics_left_out = 0
name = 'digits-pbt'
objective = 'loss'
running_time_s = 15.0
schema = 1
seed = 18446744073709551615
slurm_job_ids = '4711 4712'
software = 'mpi=Open MPI v4.1.4\nhdf5=1.10.8\n'
started = '2023-11-14T22:13:20Z'
state = 'finished'
study = 'name: digits-pbt\n# größe\n'
version = '0.1.0'
decisions [('seq', 'int64'), ('time_s', 'float64'), ('kind', 'object'), ('trial', 'int64'), ('other_trial', 'int64'), ('step', 'int64'), ('reason', 'object')]
  (0, 1.0, 'start', 0, -9223372036854775808, 0, 'member 0')
  (1, 1.5, 'start', 1, -9223372036854775808, 0, 'member 1')
  (2, 3.0, 'incumbent', 0, -9223372036854775808, 1, 'loss 0.9')
  (3, 4.0, 'incumbent', 1, -9223372036854775808, 1, 'loss 0.5')
  (4, 7.0, 'incumbent', 1, -9223372036854775808, 2, 'loss 0.25')
  (5, 8.0, 'stop', 0, 1, 2, 'nan > 0.25, the worst quarter')
  (6, 8.0, 'exploit', 2, 1, 2, 'member 0 takes trial 1')
  (7, 8.0, 'continue', 1, -9223372036854775808, 2, '')
  (8, 9.0, 'incumbent', 2, -9223372036854775808, 3, 'loss 0.2')
  (9, 15.0, 'complete', 2, -9223372036854775808, 4, 'trained all its steps')
incumbent [('time_s', 'float64'), ('trial', 'int64'), ('step', 'int64'), ('value', 'float64')]
  (3.0, 0, 1, 0.9)
  (4.0, 1, 1, 0.5)
  (7.0, 1, 2, 0.25)
  (9.0, 2, 3, 0.2)
reports [('trial', 'int64'), ('step', 'int64'), ('time_s', 'float64'), ('worker', 'int64'), ('loss', 'float64'), ('accuracy', 'float64'), ('metric_step', 'float64')]
  (0, 1, 3.0, 0, 0.9, nan, nan)
  (1, 1, 4.0, 1, 0.5, 0.75, nan)
  (0, 2, 5.0, 0, nan, 0.25, 7.0)
  (1, 2, 7.0, 1, 0.25, nan, nan)
  (2, 3, 9.0, 1, 0.2, nan, nan)
  (2, 4, 14.0, 2, 0.3, nan, nan)
segments [('trial', 'int64'), ('worker', 'int64'), ('from_step', 'int64'), ('to_step', 'int64'), ('startup_s', 'float64'), ('load_s', 'float64'), ('train_s', 'float64'), ('save_s', 'float64'), ('transfer_s', 'float64'), ('wait_s', 'float64'), ('failed_s', 'float64')]
  (0, 0, 0, 2, 0.25, 0.0, 3.0, 0.125, 0.0, 1.0, 0.0)
  (1, 1, 0, 2, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0)
  (2, 1, 2, 3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5)
  (2, 2, 2, 4, 1.0, 0.5, 2.0, 0.0, 0.0, 0.0, 0.0)
trials [('trial', 'int64'), ('member', 'int64'), ('state', 'object'), ('origin_trial', 'int64'), ('origin_step', 'int64'), ('steps', 'int64'), ('created_s', 'float64'), ('ended_s', 'float64'), ('loss', 'float64'), ('learning_rate', 'float64'), ('units', 'int64'), ('optimizer', 'object'), ('bias', 'object'), ('momentum', 'float64')]
  (0, 0, 'stopped', -9223372036854775808, -9223372036854775808, 2, 1.0, 8.0, nan, 0.1, 64, 'sgd', 'true', 0.9)
  (1, 1, 'paused', -9223372036854775808, -9223372036854775808, 2, 1.5, nan, 0.25, 0.01, 128, 'größe', 'false', nan)
  (2, 0, 'complete', 1, 2, 4, 8.0, 15.0, 0.3, 0.12, 80, 'sgd', 'true', 0.8)
workers [('worker', 'int64'), ('rank', 'int64'), ('host', 'object'), ('device_uuid', 'object'), ('device_name', 'object')]
  (0, 0, 'node1', 'GPU-5f', 'H200')
  (1, 1, 'node2', '', '')
  (2, 0, 'node1', 'GPU-5f', 'H200')
)");
}

TEST_F(StudyFile, OpensInH5dump) {
  if (output_of("h5dump --version").status != 0) GTEST_SKIP() << "there is no h5dump";
  write(story_tables());
  const Output output = output_of("h5dump -d /trials '" + file_.string() + "'");
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("CSET H5T_CSET_UTF8"));
  EXPECT_THAT(output.text, HasSubstr("\"complete"));
}

TEST_F(StudyFile, AFullDiskLeavesTheOldFile) {
  write(story_tables());
  const std::string before = read_file(file_);
  struct sigaction ignore {};
  struct sigaction old_action {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &old_action);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit tight{5000, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto error = write_study(Recorder(story::study()).tables(), directory_.path());
  ::setrlimit(RLIMIT_FSIZE, &old);
  ::sigaction(SIGXFSZ, &old_action, nullptr);

  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("only 5000 of "));
  EXPECT_THAT(*error, HasSubstr(directory_.path().string()));
  EXPECT_EQ(read_file(file_), before);
  EXPECT_EQ(files(), 1u);
  write(story_tables());
}

TEST_F(StudyFile, WhatIsInTheWayIsAnError) {
  const auto missing = write_study(story_tables(), directory_.path() / "none");
  ASSERT_TRUE(missing);
  EXPECT_THAT(*missing, HasSubstr("No such file or directory"));
  std::filesystem::create_directories(file_ / "full");
  const auto blocked = write_study(story_tables(), directory_.path());
  ASSERT_TRUE(blocked);
  EXPECT_THAT(*blocked, HasSubstr("can't rename"));
  EXPECT_EQ(files(), 1u);
}

TEST_F(StudyFile, WhatCantBeReadIsNamed) {
  EXPECT_THAT(error_of([&] { read_study(file_); }), HasSubstr("no such file"));
  write(story_tables());
  EXPECT_THAT(error_of([&] { read_table(file_, "trails"); }), HasSubstr("there are trials, reports"));
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  EXPECT_THAT(error_of([&] { read_study(file_); }), HasSubstr("not a complete HDF5 file"));
  std::ofstream(file_) << "name: digits\n";
  EXPECT_THAT(error_of([&] { read_study(file_); }), HasSubstr(file_.string()));
}

// Whoever has the file open goes on reading the one that he opened.
TEST_F(StudyFile, IsReplacedUnderAReader) {
  write(story_tables());
  std::ifstream stream(file_, std::ios::binary);
  write(Recorder(story::study()).tables());
  const std::string old(std::istreambuf_iterator<char>(stream), {});
  const auto copy = directory_.path() / "copy.h5";
  std::ofstream(copy, std::ios::binary) << old;
  expect_same(read_study(copy), story_tables());
}

}  // namespace
}  // namespace coppice
