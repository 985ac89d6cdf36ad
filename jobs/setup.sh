# Sourced by quickstart.sh and tests/run.sh: installing packages (Debian's) and building. Safe to run again.

build_packages=(g++ cmake ninja-build openmpi-bin libopenmpi-dev libhdf5-dev zlib1g-dev libyaml-cpp-dev libeigen3-dev libcli11-dev
  libfmt-dev nlohmann-json3-dev python3)
test_packages=(mpich libmpich-dev libgtest-dev libgmock-dev hdf5-tools python3-h5py python3-numpy python3-pandas clang-format clang libclang-rt-14-dev
  shellcheck)
# A virtual cluster, for tests/slurm; as root only.
slurm_packages=(munge slurm-client slurmd slurmctld libpmix2)

# install_packages build|test|slurm: only what is missing; needs root or sudo for that.
install_packages() {
  local wanted=("${build_packages[@]}")
  if [ "$1" = test ]; then wanted+=("${test_packages[@]}"); fi
  if [ "$1" = slurm ]; then wanted=("${slurm_packages[@]}"); fi
  local missing=()
  local package
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Missing packages: ${missing[*]}. Install them, or run this as root." >&2; exit 1; }
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build_coppice: the program alone, without tests, into build/release.
build_coppice() {
  cmake --preset release -DCOPPICE_BUILD_TESTS=OFF >/dev/null
  cmake --build --preset release
}
