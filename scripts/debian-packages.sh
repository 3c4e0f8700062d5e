# To be sourced by scripts that install Debian's packages, in the repository's root. It installs nothing by itself. The script that
# sources it has say (a line to the user) and stop (the same, and the end).

# apt-get without its chatter, which is shown when it fails.
apt_get() {
  apt-get -q -y -o APT::Update::Error-Mode=any "$@" >.work/apt.log 2>&1 || { cat .work/apt.log >&2; return 1; }
}

# Debian starts a service as soon as its package is installed; nobody asked for an nginx on port 80.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; trap "rm -f $policy" EXIT; }
  "$@"
}

# Installs what `$1`, a function that prints names of packages, finds missing, and looks again. `$2`: what to do without Debian.
install_missing() {
  local packages
  packages=$("$1" | tr '\n' ' ')
  packages=${packages% }
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null || stop "this is not Debian, and something is missing that is there called: $packages. $2"
  if [ "$(id -u)" -ne 0 ]; then
    say 'something is missing, and installing it needs root. Run this, then start again:'
    printf '\n  sudo apt-get update && sudo apt-get install --no-install-recommends %s\n\n' "$packages" >&2
    exit 1
  fi
  say "installing Debian's packages $packages (apt-get update, apt-get install); no service is started"
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p .work
  apt_get update || stop 'apt-get update failed; this needs a Debian mirror in /etc/apt'
  # shellcheck disable=SC2086
  without_services apt_get install --no-install-recommends $packages || stop 'apt-get install failed'
  packages=$("$1" | tr '\n' ' ')
  [ -z "$packages" ] || stop "still missing after that: ${packages% }. $2"
}
