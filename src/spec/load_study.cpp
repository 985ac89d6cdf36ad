#include "spec/load_study.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "spec/identity.hpp"
#include "spec/overrides.hpp"
#include "spec/parse.hpp"
#include "spec/presets.hpp"
#include "spec/utf8.hpp"
#include "spec/yaml.hpp"

namespace coppice {

namespace {

constexpr std::size_t kLargestFile_bytes = 4 << 20;

std::string read_file(const std::filesystem::path& file) {
  const Place start{file.string(), 1, 1};
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) throw SpecError(start, "no such file");
  if (status.type() == std::filesystem::file_type::directory) {
    throw SpecError(start, "is a directory; name the study file in it");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw SpecError(start, std::string("can't be opened: ") + std::strerror(errno));
  std::string text(kLargestFile_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) throw SpecError(start, std::string("can't be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLargestFile_bytes) throw SpecError(start, "is larger than 4 MiB; is this a study file?");
  return text;
}

/// The place of byte `offset`, up to which text is valid UTF-8.
Place place_of(const std::string& text, std::size_t offset, const std::string& file) {
  const std::string_view before = std::string_view(text).substr(0, offset);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return {file, static_cast<int>(line), static_cast<int>(count_characters(before.substr(line_start))) + 1};
}

void check_text(const std::string& text, const std::string& file) {
  if (const std::optional<std::size_t> offset = find_invalid_utf8(text)) {
    throw SpecError(place_of(text, *offset, file), "is not valid UTF-8; save the file as UTF-8");
  }
  if (const std::size_t offset = text.find('\0'); offset != std::string::npos) {
    throw SpecError(place_of(text, offset, file), "holds a NUL byte; this is no text file");
  }
}

/// The file's tree after its overrides.
Node read_tree(const std::string& text, const std::filesystem::path& file,
               const std::vector<std::string>& overrides) {
  check_text(text, file.string());
  Node root = read_yaml(text, file.string());
  for (const std::string& override : overrides) apply_override(root, override);
  expand_preset(root);
  return root;
}

}  // namespace

StudySpec load_study(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::optional<std::uint64_t> seed, const Catalogs& catalogs) {
  const std::filesystem::path directory = std::filesystem::absolute(file).lexically_normal().parent_path();
  return parse_study_text(read_file(file), file, directory, overrides, seed, catalogs);
}

StudySpec parse_study_text(std::string text, const std::filesystem::path& file,
                           const std::filesystem::path& directory, const std::vector<std::string>& overrides,
                           std::optional<std::uint64_t> seed, const Catalogs& catalogs) {
  const Node root = read_tree(text, file, overrides);
  StudySpec study = parse_study(root, file, directory, catalogs);
  if (seed) study.seed = *seed;
  study.text = std::move(text);
  study.identity = identity_of(study);
  return study;
}

Place place_in_study(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::string_view path) {
  const Node root = read_tree(read_file(file), file, overrides);
  const Node* found = locate(root, path);
  return found != nullptr ? found->place : root.place;
}

}  // namespace coppice
