# To be sourced by scripts that install Debian's packages, in the repository's root. It installs nothing by itself.

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
