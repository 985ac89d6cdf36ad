/// A trial host in C++: serves any Trainable to the worker at the other end of a socket.
/// The same meaning, message by message, as the Python client's class form; see PROTOCOL.md.
#pragma once

#include <functional>
#include <memory>

#include "coppice/trainable.hpp"

namespace coppice {

/// Owns `fd` (a host is given 3). Serves segments until the worker says exit or is gone; returns the exit
/// status. One thread; `make` is called once for each trial that doesn't continue in place, after the object
/// before it is gone. What the trainable throws fails its segment, and the host goes on. A metric named
/// `done` that isn't zero ends the trial and is not reported.
int serve_trainable(int fd, const std::function<std::unique_ptr<Trainable>()>& make);

}  // namespace coppice
