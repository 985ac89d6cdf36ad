/// Trainings of the built-in network whose best learning rate changes on the way. COPPICE_DATA is the folder
/// of those data that are too large to ship.
///
/// * mlp: the digits that coppice brings along;
/// * letters: UCI's letter recognition (Frey and Slate 1991), letter-recognition/letter-recognition.data: the
///   first 4,000 rows, so that a training is short;
/// * shakespeare: a model of characters: which of 28 (letters, space, all others) follows the three before
/// it,
///   each as 28 numbers of which one is 1; of tinyshakespeare/input.txt the first 4,000 characters.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coppice/trainable.hpp"

namespace coppice {

/// Throws std::runtime_error where the data aren't there, std::logic_error where there is no such problem.
std::function<std::unique_ptr<Trainable>()> network_of(const std::string& problem);

}  // namespace coppice
