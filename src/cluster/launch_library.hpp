/// jobs/launch.sh, as it was when this was built.
#pragma once

#include <string>

namespace coppice {

std::string launch_library();

}  // namespace coppice
