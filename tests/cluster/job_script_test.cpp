#include "cluster/job_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cluster/launch_library.hpp"

namespace coppice::test {
namespace {

using testing::HasSubstr;
using testing::Not;

JobRequest plain() {
  JobRequest request;
  request.name = "digits";
  request.nodes = 2;
  request.tasks_per_node = 4;
  request.program = "/opt/coppice/bin/coppice";
  request.directory = "/home/me/results/digits";
  request.run = {"/home/me/study.yaml"};
  return request;
}

TEST(JobScript, AsksForWhatIsRequested) {
  JobRequest request = plain();
  request.gpus_per_node = 4;
  request.cpus_per_task = 8;
  request.time_s = 4 * 3600;
  request.partition = "gpu";
  request.account = "me";
  request.qos = "high";
  const std::string text = job_script(request);
  for (const char* line :
       {"#!/bin/bash\n", "\n#SBATCH --job-name=digits\n", "\n#SBATCH --nodes=2\n",
        "\n#SBATCH --ntasks-per-node=4\n", "\n#SBATCH --gpus-per-node=4\n", "\n#SBATCH --cpus-per-task=8\n",
        "\n#SBATCH --time=04:00:00\n", "\n#SBATCH --partition=gpu\n", "\n#SBATCH --account=me\n",
        "\n#SBATCH --qos=high\n", "\n#SBATCH --signal=B:USR1@120\n", "\n#SBATCH --requeue\n",
        "\n#SBATCH --no-kill\n", "\n#SBATCH --open-mode=append\n",
        "\n#SBATCH --output=/home/me/results/digits/job.log\n", "\ncoppice=/opt/coppice/bin/coppice\n",
        "\ncoppice_launcher=mpirun\n", "\ncoppice_results=/home/me/results/digits\n",
        "\ncoppice_run=(/home/me/study.yaml)\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_TRUE(text.ends_with("\ncoppice_job\n"));
}

TEST(JobScript, AsksForNothingElse) {
  const std::string text = job_script(plain());
  for (const char* option : {"--gpus", "--cpus", "--time", "--partition", "--account", "--qos"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("#SBATCH ") + option)));
  }
}

TEST(JobScript, TheStudysOwnLinesComeLast) {
  JobRequest request = plain();
  request.extra = {"--constraint=a100", "#SBATCH --signal=B:USR1@300", "#SBATCH   -A other"};
  request.prologue = {"module load cuda", "source ~/venv/bin/activate"};
  const std::string text = job_script(request);
  EXPECT_THAT(text, HasSubstr("\n#SBATCH --no-kill\n#SBATCH --constraint=a100\n#SBATCH --signal=B:USR1@300\n"
                              "#SBATCH -A other\n"));
  const auto prologue = text.find("\nmodule load cuda\nsource ~/venv/bin/activate\n");
  ASSERT_NE(prologue, std::string::npos);
  EXPECT_LT(text.find("coppice_run="), prologue);
  EXPECT_LT(prologue, text.find("coppice_launch()"));
}

TEST(JobScript, QuotesWhatAShellWouldTakeApart) {
  JobRequest request = plain();
  request.name = "my study #1";
  request.directory = "/home/me/100 % mine";
  request.run = {"/home/me/a study.yaml", "--set", "space.c.choices=[a, 'b']"};
  const std::string text = job_script(request);
  EXPECT_THAT(text, HasSubstr("#SBATCH --job-name=my_study__1\n"));
  EXPECT_THAT(text, HasSubstr("#SBATCH --output='/home/me/100 %% mine/job.log'\n"));
  EXPECT_THAT(text, HasSubstr("coppice_results='/home/me/100 % mine'\n"));
  EXPECT_THAT(text,
              HasSubstr("coppice_run=('/home/me/a study.yaml' --set 'space.c.choices=[a, '\\''b'\\'']')\n"));
}

TEST(JobScript, HoldsTheLibraryAsItIs) {
  std::ifstream file(COPPICE_SOURCE_DIR "/jobs/launch.sh");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty());
  EXPECT_EQ(launch_library(), text.str());
  EXPECT_THAT(job_script(plain()), HasSubstr(text.str()));
}

TEST(JobScript, TheSignalLeavesTimeToSaveAndToTrain) {
  EXPECT_EQ(signal_lead_s(std::nullopt), 120);
  EXPECT_EQ(signal_lead_s(86400), 120);
  EXPECT_EQ(signal_lead_s(600), 60);
  EXPECT_EQ(signal_lead_s(120), 30);
}

TEST(JobScript, Times) {
  EXPECT_EQ(slurm_time(90), "00:01:30");
  EXPECT_EQ(slurm_time(86399.2), "1-00:00:00");
  EXPECT_EQ(slurm_time(2 * 86400 + 3 * 3600), "2-03:00:00");
}

TEST(JobScript, Words) {
  EXPECT_EQ(shell_word("a/b.c-1=2,3:4"), "a/b.c-1=2,3:4");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$HOME"), "'$HOME'");
  EXPECT_EQ(shell_word("~"), "'~'");
}

}  // namespace
}  // namespace coppice::test
