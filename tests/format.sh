#!/usr/bin/env bash
# Says which sources clang-format would change. Only Debian 12's version: others disagree with it.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "SKIPPED: clang-format 14 is not installed"
  exit 77
fi
mapfile -t files < <(find include src tests -name '*.cpp' -o -name '*.hpp')
clang-format --dry-run -Werror "${files[@]}"
echo "${#files[@]} files, formatted"
