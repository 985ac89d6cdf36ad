#include "cli/first_host.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/places.hpp"
#include "cli/stopped_early.hpp"
#include "core/check.hpp"

namespace coppice {
namespace {

std::vector<std::string> host_command_line(const StudySpec& spec) {
  check(spec.trainable.kind != TrainableKind::kPlugin, "plugins are refused where the study is read");
  if (spec.trainable.kind == TrainableKind::kCommand) return spec.trainable.command;
  auto settings = nlohmann::json::object();
  for (const auto& [name, value] : spec.trainable.settings) settings[name] = to_text(value);
  return {own_executable(), "host",          "--builtin",         spec.trainable.builtin,
          "--settings",     settings.dump(), "--study-directory", spec.directory.string()};
}

std::string no_start_text(const HostExited& exited, const std::string& output) {
  const bool silent = exited.description == "exit status 0";
  return fmt::format(
      "the trainable does not start: {}{}{}", exited.description,
      silent ? "; it ended without a word: end it with coppice.serve(...), or say protocol: stdout" : "",
      output.empty() ? "" : "\n" + output);
}

}  // namespace

std::string own_executable() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

Welcome welcome_to(const StudySpec& spec, const std::filesystem::path& directory,
                   const std::filesystem::path& checkpoints) {
  Welcome welcome;
  welcome.run_directory = directory.string();
  welcome.study_directory = spec.directory.string();
  welcome.command = host_command_line(spec);
  welcome.stdout_protocol =
      spec.trainable.kind == TrainableKind::kCommand && spec.trainable.protocol == HostProtocol::kStdout;
  for (const Parameter& parameter : spec.space.parameters())
    welcome.parameter_names.push_back(parameter.name);
  welcome.metric = spec.objectives.front().metric;
  welcome.worker_timeout_s = spec.timeouts.worker_s;
  welcome.startup_timeout_s = spec.timeouts.startup_s;
  welcome.segment_timeout_s = spec.timeouts.segment_s.value_or(0);
  welcome.save_every_s = spec.checkpoints.every_s;
  welcome.checkpoint_directory = checkpoints.string();
  welcome.memory_limit_bytes = spec.resources.memory_per_worker_bytes.value_or(0);
  welcome.repeats = spec.repeats;
  return welcome;
}

RepeatedHost start_host(Spawner& spawner, const Welcome& welcome, const WorkerPlace& place,
                        StopSignals& signals, const std::function<void(const HostReady&)>& require) {
  wait_for_device_memory(place, signals);
  RepeatedHost host = RepeatedHost::start(spawner, host_launch(welcome, place, 0), welcome.repeats);
  for (;;) {
    std::optional<HostReady> ready;
    // All of them before any is believed: a host may say hello and die in one breath.
    for (const HostMessage& message : host.poll()) {
      if (const auto* hello = std::get_if<HostReady>(&message)) ready = *hello;
      if (const auto* exited = std::get_if<HostExited>(&message)) {
        end_at_signal(signals, kSignalPatience_s);
        throw UserError(no_start_text(*exited, host.last_output()));
      }
    }
    if (ready) {
      require(*ready);
      return host;
    }
    end_at_signal(signals);
    std::array<pollfd, 2> waiting{{{host.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), 1000);
  }
}

}  // namespace coppice
