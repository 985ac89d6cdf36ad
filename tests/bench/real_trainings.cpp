#include "real_trainings.hpp"

#include <unistd.h>

#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "core/check.hpp"
#include "trainables/catalog.hpp"

namespace coppice {

namespace {

constexpr std::size_t kRows = 4000;

std::ifstream open_data(const std::string& path) {
  const char* folder = std::getenv("COPPICE_DATA");
  if (folder == nullptr) throw std::runtime_error("set COPPICE_DATA to the folder that has " + path);
  const auto file = std::filesystem::path(folder) / path;
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": can't be opened");
  return in;
}

/// Rows as the trainable wants them: numbers, the label last. The file has a letter and 16 integers in a row.
std::vector<std::string> letters() {
  std::ifstream in = open_data("letter-recognition/letter-recognition.data");
  std::vector<std::string> rows;
  for (std::string line; rows.size() < kRows && std::getline(in, line);) {
    if (line.size() < 3) throw std::runtime_error("letter-recognition.data: a line is too short");
    rows.push_back(line.substr(2) + ',' + std::to_string(line[0] - 'A'));
  }
  return rows;
}

std::vector<std::string> characters() {
  constexpr std::size_t kBefore = 3;
  constexpr int kSpace = 26, kOther = 27, kKinds = 28;
  std::ifstream in = open_data("tinyshakespeare/input.txt");
  std::vector<int> kinds;
  for (char c = 0; kinds.size() < kRows + kBefore && in.get(c);) {
    const auto lower = std::tolower(static_cast<unsigned char>(c));
    if (lower >= 'a' && lower <= 'z') {
      kinds.push_back(lower - 'a');
    } else {
      kinds.push_back(c == ' ' ? kSpace : kOther);
    }
  }
  std::vector<std::string> rows;
  for (std::size_t next = kBefore; next < kinds.size(); ++next) {
    std::string row;
    for (std::size_t back = kBefore; back >= 1; --back) {
      for (int kind = 0; kind < kKinds; ++kind) row += kinds[next - back] == kind ? "1," : "0,";
    }
    rows.push_back(row + std::to_string(kinds[next]));
  }
  return rows;
}

std::function<std::unique_ptr<Trainable>()> network_on(const std::vector<std::string>& rows) {
  if (rows.size() < kRows) throw std::runtime_error("there are too few data in COPPICE_DATA");
  const auto csv =
      std::filesystem::temp_directory_path() / ("coppice-data-" + std::to_string(getpid()) + ".csv");
  std::ofstream out(csv);
  for (const std::string& row : rows) out << row << '\n';
  out.close();
  auto make = prepare_builtin("mlp", {{"dataset", csv.string()}}, "");
  std::filesystem::remove(csv);
  return make;
}

}  // namespace

std::function<std::unique_ptr<Trainable>()> network_of(const std::string& problem) {
  if (problem == "letters") return network_on(letters());
  if (problem == "shakespeare") return network_on(characters());
  check(problem == "mlp", "a problem that there isn't");
  return prepare_builtin("mlp", {{"dataset", std::string("digits")}}, "");
}

}  // namespace coppice
