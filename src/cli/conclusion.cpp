#include "cli/conclusion.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/stopped_early.hpp"
#include "journal/record.hpp"
#include "spec/spec_error.hpp"

namespace coppice {

Conclusion::Conclusion(const std::optional<std::filesystem::path>& file) {
  if (!file) return;
  files_.push_back(std::filesystem::absolute(*file));
  if (!std::filesystem::is_directory(files_.front().parent_path())) {
    throw UserError(fmt::format("--outcome {}: there is no directory {}: make it first", file->string(),
                                files_.front().parent_path().string()));
  }
  try {
    remove_outcome(files_.front());
  } catch (const JournalError& error) {
    throw UserError(fmt::format("--outcome: {}", error.what()));
  }
}

void Conclusion::own(const std::filesystem::path& directory) {
  files_.push_back(directory / "outcome");
  remove_outcome(files_.back());
}

void Conclusion::tell(int exit_status, const std::string& reason) {
  if (told_) return;
  told_ = true;
  for (const auto& file : files_) {
    try {
      write_outcome(file, {exit_status, incarnation_, one_line(reason)});
    } catch (const JournalError& error) {
      fmt::print(stderr, "coppice: {}\n", error.what());
    }
  }
}

void Conclusion::tell(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const SpecError& error) {
    tell(2, error.what());
  } catch (const UserError& error) {
    tell(2, error.what());
  } catch (const StoppedEarly& stopped) {
    tell(kStoppedWithWorkLeft, stopped.what());
  } catch (const std::exception& error) {
    tell(1, error.what());
  }
}

}  // namespace coppice
