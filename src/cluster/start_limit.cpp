#include "cluster/start_limit.hpp"

#include <unistd.h>

#include <string_view>

#include "cluster/environment.hpp"

namespace coppice {

namespace {

constexpr unsigned kUsual_s = 300;

void end_at_once(int) {
  constexpr std::string_view kText =
      "coppice: the ranks did not all come together in time (COPPICE_START_LIMIT): ending; run it again\n";
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(1);
}

}  // namespace

StartLimit::StartLimit() {
  struct sigaction action {};
  action.sa_handler = end_at_once;
  ::sigaction(SIGALRM, &action, &previous_);
  const auto given = cluster_detail::environment("COPPICE_START_LIMIT");
  const auto seconds = given ? cluster_detail::to_integer<unsigned>(*given) : std::nullopt;
  ::alarm(seconds.value_or(kUsual_s));
}

StartLimit::~StartLimit() {
  ::alarm(0);
  ::sigaction(SIGALRM, &previous_, nullptr);
}

}  // namespace coppice
