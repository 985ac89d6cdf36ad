// The command line: what DESIGN calls the contract. Each subcommand is a file of its own.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/stopped_early.hpp"
#include "cluster/launcher.hpp"
#include "coppice/version.hpp"
#include "core/nearest.hpp"
#include "spec/spec_error.hpp"

namespace coppice {
namespace {

constexpr int kUsersMistake = 2;

/// For numbers of things.
std::string positive(const std::string& text) {
  const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos &&
                      text.find_first_not_of('0') != std::string::npos;
  return number ? "" : "'" + text + "' is no whole number from 1";
}

void add_study_options(CLI::App& command, std::optional<std::uint64_t>& seed, std::vector<std::string>& set) {
  command.add_option("--seed", seed, "Seed of the study, instead of the file's")
      ->check([](const std::string& text) {
        return text.find_first_not_of("0123456789") == std::string::npos
                   ? ""
                   : "'" + text + "' is no whole number from 0";
      });
  command.add_option("--set", set, "KEY=VALUE: replaces a value of the study file, e.g. budget.trials=20")
      ->allow_extra_args(false);
}

/// CLI11 says of an unknown word only that a subcommand is missing.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  const std::string word = argv[1];
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return {};
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  for (const char* later : {"watch", "report", "simulate"}) {
    if (word == later) return word + " is not there yet; there are " + join(names);
  }
  return "there is no command '" + word + "'" + suggest(word, names);
}

/// CLI11 lists all words that it couldn't place, the last one first.
std::string unknown_words(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  std::vector<std::string> words = app.remaining(true);
  if (commands.empty() || words.empty()) return {};
  const CLI::App& command = *commands.front();
  for (const std::string& word : words) {
    if (!word.starts_with("-")) continue;
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::string name = word.substr(0, word.find('='));
    return "coppice " + command.get_name() + " has no option '" + name + "'" + suggest(name, names);
  }
  return "coppice " + command.get_name() + ": '" + words.front() + "' is one word too many";
}

int status_of(const std::function<int()>& command) {
  try {
    return command();
  } catch (const SpecError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kUsersMistake;
  } catch (const UserError& error) {
    std::fprintf(stderr, "coppice: %s\n", error.what());
    return kUsersMistake;
  } catch (const StoppedEarly& stopped) {
    std::fprintf(stderr, "coppice: %s\n", stopped.what());
    return kStoppedWithWorkLeft;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coppice: %s\n", error.what());
    return 1;
  }
}

int run_main(int argc, char** argv) {
  CLI::App app{"coppice: parallel hyperparameter tuning and population-based training", "coppice"};
  app.set_version_flag("--version", std::string("coppice ") + kVersion);
  app.require_subcommand(1);
  std::function<int()> chosen;

  RunOptions run;
  auto* run_app = app.add_subcommand("run", "Run a study, or resume it; under mpirun or srun on its ranks");
  run_app->add_option("STUDY", run.study, "The study file")->required();
  run_app->add_option("-o,--output", run.output, "Directory of the results [results/<name>]");
  run_app->add_flag("--fresh", run.fresh, "Start anew; refuses if the directory has results already");
  run_app->add_option("--workers", run.workers, "Local workers, without mpirun [one a device, else 1]")
      ->check(CLI::Range(1, 4096));
  run_app->add_flag("-q,--quiet", run.quiet, "No progress, only the summary");
  run_app->add_option("--outcome", run.outcome,
                      "Tell here, too, how it ended: for job scripts [DIR/outcome]");
  add_study_options(*run_app, run.seed, run.set);
  run_app->callback([&] { chosen = [&] { return run_command(run); }; });

  CheckOptions check;
  auto* check_app = app.add_subcommand("check", "Validate a study; show ranks and devices");
  check_app->add_option("STUDY", check.study, "The study file");
  add_study_options(*check_app, check.seed, check.set);
  check_app->callback([&] { chosen = [&] { return check_command(check); }; });

  SubmitOptions submit;
  auto* submit_app = app.add_subcommand("submit", "Write a Slurm job script for a study, and submit it");
  submit_app->add_option("STUDY", submit.study, "The study file")->required();
  submit_app->add_option("--nodes", submit.nodes, "Nodes")->required()->check(positive);
  submit_app->add_option("--gpus-per-node", submit.gpus_per_node, "GPUs of each node [none]")
      ->check(positive);
  submit_app
      ->add_option("--tasks-per-node", submit.tasks_per_node, "Workers on each node [one a GPU, else 1]")
      ->check(positive);
  submit_app
      ->add_option("--cpus-per-task", submit.cpus_per_task,
                   "CPUs of each worker [resources.cpus_per_worker, or the site's default]")
      ->check(positive);
  submit_app->add_option("--time", submit.time,
                         "Time limit: 90m, 2h30m, 02:30:00, 1-12:00:00 [the partition's]");
  submit_app->add_option("--partition", submit.partition, "Partition [the site's default]");
  submit_app->add_option("--account", submit.account, "Account [yours]");
  submit_app->add_option("--qos", submit.qos, "Quality of service [yours]");
  submit_app
      ->add_option("--launcher", submit.launcher,
                   "mpirun, which survives the death of a rank, or srun [mpirun]")
      ->check(CLI::IsMember({"mpirun", "srun"}));
  submit_app->add_option("-o,--output", submit.output, "Directory of the results [results/<name>]");
  submit_app->add_flag("--dry-run", submit.dry_run, "Print the script; write and submit nothing");
  add_study_options(*submit_app, submit.seed, submit.set);
  submit_app->callback([&] { chosen = [&] { return submit_command(submit); }; });

  BestOptions best;
  auto* best_app = app.add_subcommand("best", "The best trials of a study and their hyperparameters");
  best_app->add_option("RESULTS", best.results, "Directory of the results, or study.h5")->required();
  best_app->add_flag("--json", best.json, "As JSON");
  best_app->add_option("-n", best.count, "How many")->check(positive);
  best_app->callback([&] { chosen = [&] { return best_command(best); }; });

  ExportOptions exported;
  auto* export_app = app.add_subcommand("export", "A table of study.h5 as CSV or JSON");
  export_app->add_option("RESULTS", exported.results, "Directory of the results, or study.h5")->required();
  export_app
      ->add_option("--table", exported.table, "trials, reports, segments, decisions, workers or incumbent")
      ->required();
  export_app->add_option("--format", exported.format, "csv or json [csv]")
      ->check(CLI::IsMember({"csv", "json"}));
  export_app->callback([&] { chosen = [&] { return export_command(exported); }; });

  RecoverOptions recover;
  auto* recover_app =
      app.add_subcommand("recover", "Rebuild study.h5 from the journal; verify both, and the checkpoints");
  recover_app->add_option("DIR", recover.directory, "Directory of the results")->required();
  recover_app->add_flag("--json", recover.json, "What was found, as JSON");
  recover_app->callback([&] { chosen = [&] { return recover_command(recover); }; });

  ReplayOptions replay;
  auto* replay_app = app.add_subcommand("replay", "Make the decisions of a journal again");
  replay_app->add_option("DIR", replay.directory, "Directory of the results")->required();
  replay_app->add_flag("--verify", replay.verify, "Say only whether they are the same");
  replay_app->add_flag("--json", replay.json, "Print every record as a line of JSON");
  replay_app->callback([&] { chosen = [&] { return replay_command(replay); }; });

  std::filesystem::path progressing;
  auto* progress_app = app.add_subcommand("progress", "")->group("");
  progress_app->add_option("DIR", progressing)->required();
  progress_app->callback([&] { chosen = [&] { return progress_command(progressing); }; });

  HostOptions host;
  auto* host_app = app.add_subcommand("host", "")->group("");
  host_app->add_option("--builtin", host.builtin)->required();
  host_app->add_option("--settings", host.settings);
  host_app->add_option("--study-directory", host.study_directory);
  host_app->callback([&] { chosen = [&] { return host_command(host); }; });

  std::filesystem::path plugin;
  auto* explorer_app = app.add_subcommand("serve-explorer", "")->group("");
  explorer_app->add_option("PLUGIN", plugin)->required();
  explorer_app->callback([&] { chosen = [&] { return serve_explorer_command(plugin); }; });

  app.add_subcommand("probe-device", "")->group("")->callback([&] { chosen = probe_device_command; });

  if (const std::string problem = unknown_command(app, argc, argv); !problem.empty()) {
    std::fprintf(stderr, "coppice: %s\n", problem.c_str());
    return kUsersMistake;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    if (const auto* extras = dynamic_cast<const CLI::ExtrasError*>(&error); extras != nullptr) {
      if (const std::string problem = unknown_words(app); !problem.empty()) {
        std::fprintf(stderr, "coppice: %s\n", problem.c_str());
        return kUsersMistake;
      }
    }
    std::fprintf(stderr, "coppice: %s (see coppice --help)\n", error.what());
    return kUsersMistake;
  }
  const int status = status_of(chosen);
  // What is told in the file, a launcher needn't know: it takes another status than 0 for a failure, and ends
  // ranks that may still be busy.
  return run.outcome && under_launcher() && std::filesystem::exists(*run.outcome) ? 0 : status;
}

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  return coppice::run_main(argc, argv);
}
