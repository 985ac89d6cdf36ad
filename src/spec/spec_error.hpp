/// A mistake in a study file or in --set: where it is, what it is, how to mend it. One line.
/// A value; caught by the command line, which prints what() and exits 2.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace coppice {

/// A point of the study file, or an argument of the command line (then line is 0).
struct Place {
  std::string source;  ///< the file as the user named it, or "--set KEY=VALUE"
  int line = 0;        ///< from 1
  int column = 0;      ///< from 1, in characters
};

inline std::string to_text(const Place& place) {
  if (place.line == 0) return place.source;
  return place.source + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

/// What a user wrote may hold line breaks; a message doesn't.
inline std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

class SpecError : public std::runtime_error {
 public:
  SpecError(Place place, std::string message)
      : std::runtime_error(one_line(to_text(place) + ": " + message)),
        place_(std::move(place)),
        message_(one_line(std::move(message))) {}

  const Place& place() const { return place_; }
  const std::string& message() const { return message_; }

 private:
  Place place_;
  std::string message_;
};

}  // namespace coppice
