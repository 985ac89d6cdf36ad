// Mistakes at the top level of a study file, and in its objective.
#include <gtest/gtest.h>

#include "bad_study.hpp"

namespace coppice {
namespace {

TEST(BadStudy, TopLevel) {
  expect_all_refused(
      {{kBase + "schedular: asha\n", 4, 1, {"unknown key 'schedular'", "did you mean 'scheduler'"}},
       {kBase + "name: a/b\n", 4, 7, {"name", "'/'"}},
       {kBase + "name: ''\n", 4, 7, {"name"}},
       {kBase + "name: ..\n", 4, 7, {"folder"}},
       {kBase + "seed: -1\n", 4, 7, {"seed: expected an integer from 0"}},
       {kBase + "seed: 18446744073709551616\n", 4, 7, {"18446744073709551615"}},
       {kBase + "repeats: 0\n", 4, 10, {"repeats: must be at least 1, is 0"}},
       {kBase + "repeats: many\n", 4, 10, {"repeats: expected an integer"}},
       {kBase + "repeats: 3\nscheduler: {name: pbt, population: 4}\n",
        4,
        10,
        {"scheduler pbt clones", "drop repeats, or take another scheduler"}},
       {kBase + "constraints: [x]\n", 4, 1, {"not supported yet"}},
       {kBase + "warm_start: old.h5\n", 4, 1, {"not supported yet"}},
       {kBase + "deterministic: yes\n", 4, 16, {"true or false", "'yes'"}},
       {kBase + "deterministic: {leg: 3}\n", 4, 17, {"did you mean 'lag'"}},
       {kBase + "deterministic: {lag: 0}\n", 4, 22, {"deterministic.lag", "at least 1"}},
       {kBase + "deterministic: {}\n", 4, 16, {"expected true or false"}},
       {kBase + "slurm: gpu\n", 4, 8, {"slurm: expected a mapping"}},
       {kBase + "slurm: {partition: gpu}\n", 4, 9, {"unknown key 'partition' in slurm", "prologue, extra"}},
       {kBase + "patience: 0\n", 4, 11, {"patience", "at least 1"}},
       {kBase + "patience: {min_delta: 1}\n", 4, 11, {"neither trials nor steps"}},
       {kBase + "patience: {trials: 3, min_delta: -1}\n", 4, 34, {"patience.min_delta"}},
       {kBase + "deterministic: true\npatience: 3\n", 5, 11, {"depends on timing"}},
       {kBase + "slurm: {prologe: []}\n", 4, 9, {"did you mean 'prologue'"}},
       {kBase + "slurm: {prologue: module load cuda}\n", 4, 19, {"slurm.prologue: expected a list"}},
       {kBase + "slurm: {extra: [[--qos=high]]}\n", 4, 17, {"slurm.extra: expected text"}},
       {kBase + "slurm: {extra: [--qos=high, exclusive]}\n", 4, 29, {"slurm.extra", "--constraint=gpu"}},
       {kBase + "slurm: {extra: ['#SBATCH qos']}\n", 4, 17, {"an option of sbatch"}},
       {kBase + "slurm: {extra: [\"--a\\n--b\"]}\n", 4, 17, {"an option of sbatch"}},
       {kBase + "retries: -1\n", 4, 10, {"at least 0"}},
       {kBase + "retries: 1.5\n", 4, 10, {"expected an integer"}},
       {kBase + "timeouts: {segment: 0}\n", 4, 21, {"more than 0"}},
       {kBase + "timeouts: {worker: 0.5}\n", 4, 20, {"timeouts.worker", "at least 1s", "0.5"}},
       {kBase + "timeouts: 30\n", 4, 11, {"expected a mapping"}},
       {kBase + "coordinator: alone\n", 4, 14, {"shared, dedicated"}},
       {kBase + "checkpoints: {keep: 0}\n", 4, 21, {"1"}},
       {kBase + "checkpoints: {every: often}\n", 4, 22, {"duration", "90s"}},
       {kBase + "checkpoints: {directory: ''}\n", 4, 26, {"checkpoints.directory", "empty"}},
       {kBase + "resources: {memory_per_worker: 8}\n", 4, 32, {"resources.memory_per_worker", "8GB"}},
       {kBase + "resources: {memory_per_worker: 0GB}\n", 4, 32, {"at least one byte"}},
       {kBase + "resources: {gpu_memory: lots}\n", 4, 25, {"resources.gpu_memory", "8GB"}},
       {kBase + "resources: {gpus_per_worker: 1.5}\n", 4, 30, {"whole number of GPUs"}},
       {kBase + "resources: {gpus_per_worker: all}\n", 4, 30, {"auto", "fraction"}},
       {kBase + "resources: {ranks_per_trial: 0}\n", 4, 30, {"at least 1"}},
       {kBase + "resources: {ranks_per_trial: 2}\n", 4, 30, {"not supported yet"}},
       {kBase + "resources: {cpus_per_worker: 0}\n", 4, 30, {"at least 1"}},
       {kBase + "resources: {cpus_per_worker: all}\n", 4, 30, {"expected auto, 1, 2"}},
       {kBase + "resources: {gpu_per_worker: 1}\n", 4, 13, {"did you mean 'gpus_per_worker'"}},
       {kBase + "budget: {trials: 0}\n", 4, 18, {"budget.trials", "at least 1"}},
       {kBase + "budget: {trials: 1_000}\n", 4, 18, {"expected an integer", "1_000"}},
       {kBase + "budget: {steps_per_trial: many}\n", 4, 27, {"expected an integer"}},
       {kBase + "budget: {wall_time: 2 hours}\n", 4, 21, {"duration", "2h"}},
       {kBase + "budget: {wall_time: 0}\n", 4, 21, {"more than 0"}},
       {kBase + "budget: {wall_time: 10:30}\n", 4, 21, {"01:30:00"}},
       {kBase + "budget: {target: low}\n", 4, 18, {"expected a number"}},
       {kBase + "budget:\n", 4, 1, {"budget", "found nothing"}}});
}

TEST(BadStudy, Objective) {
  expect_all_refused(
      {{"space: {x: {type: float, low: 0, high: 1}}\n", 1, 1, {"objective: is missing", "metric"}},
       {"objective: val_loss\n", 1, 12, {"expected a mapping", "metric"}},
       {"objective: {metric: val_loss, direction: minimise}\n", 1, 42, {"did you mean 'minimize'"}},
       {"objective: {direction: minimize}\n", 1, 12, {"objective.metric: is missing"}},
       {"objective: {metric: steps}\n", 1, 21, {"column of study.h5"}},
       {"objective: {metric: worker}\n", 1, 21, {"column of study.h5"}},
       {"objective: {metric: a/b}\n", 1, 21, {"'/'"}},
       {"objectives: [{metric: a}, {metric: b}]\n", 1, 27, {"several objectives are not supported yet"}},
       {"objectives: []\n", 1, 13, {"expected a list"}},
       {"objective: {metric: a}\nobjectives: [{metric: b}]\n", 2, 1, {"keep one"}},
       {kNoSpace + "space: {val_loss: {type: float, low: 0, high: 1}}\n",
        3,
        9,
        {"both are columns", "rename"}},
       {"objective: {metric: loss}\nspace: {x: {type: float, low: 0, high: 1}}\ntrainable: "
        "{builtin: mlp}\n",
        1,
        21,
        {"mlp reports no 'loss'", "train_loss, val_loss"}}});
}

}  // namespace
}  // namespace coppice
