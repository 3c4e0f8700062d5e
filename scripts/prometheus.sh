#!/usr/bin/env bash
# Prints the folder of prometheus and promtool, which the tests of metrics and alerts run. Looks at PATH, then .work/prometheus;
# else fetches the package of this Debian release and unpacks it there. It installs nothing and starts no service.
set -euo pipefail
cd "$(dirname "$0")/.."

fetched="$PWD/.work/prometheus"
works() { [ -x "$1/prometheus" ] && "$1/promtool" --version >/dev/null 2>&1; }

for candidate in "$(dirname "$(command -v promtool || echo /none)")" "$fetched/usr/bin"; do
  if works "$candidate"; then
    printf '%s\n' "$candidate"
    exit 0
  fi
done

release=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
printf 'prometheus: none on PATH: fetching the package of Debian %s into .work/prometheus (19 MB, nothing is installed)\n' "$release" >&2
scripts/fetch-package.sh prometheus "$release" "$fetched"
# A package of its own since Debian 13.
if [ ! -e "$fetched/usr/bin/promtool" ]; then
  scripts/fetch-package.sh promtool "$release" "$fetched.promtool"
  mv "$fetched.promtool/usr/bin/promtool" "$fetched/usr/bin/"
  rm -rf "$fetched.promtool"
fi
works "$fetched/usr/bin" || { echo 'prometheus: what was fetched does not run here; put prometheus and promtool on PATH' >&2; exit 1; }
printf '%s\n' "$fetched/usr/bin"
