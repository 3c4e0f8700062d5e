#!/usr/bin/env bash
# fetch-package.sh <package> <release> <folder>: fetches a package of a Debian release, signature checked by apt, and unpacks it
# into the folder. It installs nothing in the system, and neither reads nor changes the system's own package lists.
set -euo pipefail
package=$1 release=$2 folder=$3
cd "$(dirname "$0")/.."

mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

stop() { printf '%s: %s\n' "$package" "$*" >&2; exit 1; }

for program in apt-get dpkg-deb; do
  command -v "$program" >/dev/null || stop "none found, and without $program it cannot be fetched"
done
[ -r "$keyring" ] || stop "none found, and $keyring is missing (package debian-archive-keyring)"

# An apt of its own: sources, state and cache under .work.
apt="$PWD/.work/apt-$package"
rm -rf "$apt" "$folder"
mkdir -p "$apt"/{empty,lists/partial,cache/archives/partial} "$folder"
trap 'rm -rf "$apt"' EXIT
: >"$apt/status"
printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$release" >"$apt/sources.list"
own=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/empty" -o "Dir::Etc::Preferences=$apt/none"
  -o "Dir::Etc::PreferencesParts=$apt/empty" -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status"
  -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Update::Error-Mode=any
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
apt-get "${own[@]}" update >&2 || stop "the mirror $mirror cannot be read (DEBIAN_MIRROR sets another one)"
(cd "$apt" && apt-get "${own[@]}" download "$package" >&2) || stop "the package cannot be fetched from $mirror"
dpkg-deb -x "$apt/$package"_*.deb "$folder" || stop 'the package cannot be unpacked'
