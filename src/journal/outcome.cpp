#include "journal/outcome.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>

#include "journal/files.hpp"

namespace coppice {

using namespace journal_files;

namespace {

std::string text_of(const RunOutcome& outcome) {
  const nlohmann::ordered_json json = {{"outcome", outcome_word(outcome.exit_status)},
                                       {"exit_status", outcome.exit_status},
                                       {"incarnation", outcome.incarnation},
                                       {"reason", outcome.reason}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string_view outcome_word(int exit_status) {
  if (exit_status == 0) return "finished";
  return exit_status == 75 ? "stopped" : "failed";
}

void write_outcome(const std::filesystem::path& path, const RunOutcome& outcome) {
  const auto temporary = path.parent_path() / fmt::format(".{}.tmp", path.filename().string());
  const std::string text = text_of(outcome);
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file) fail(temporary, "can't create it");
    const auto bytes = std::as_bytes(std::span(text));
    if (write_all(file.get(), bytes) != bytes.size() || ::fsync(file.get()) != 0) {
      const int error = errno;
      ::unlink(temporary.c_str());
      errno = error;
      fail(temporary, fmt::format("can't write {} bytes to it", bytes.size()));
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "can't rename a file to it");
  sync_directory(path.parent_path());
}

void remove_outcome(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0) {
    sync_directory(path.parent_path());
  } else if (errno != ENOENT) {
    fail(path, "can't remove it");
  }
}

std::optional<RunOutcome> read_outcome(const std::filesystem::path& path) {
  const auto text = read_text(path);
  if (!text) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(*text);
    return RunOutcome{json.at("exit_status").get<int>(), json.at("incarnation").get<std::int32_t>(),
                      json.at("reason").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace coppice
