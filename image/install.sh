#!/bin/sh
# The steps of an image, in a root of Debian 13 that has nothing else: packages, an account, the program, the list of what is in
# it. The Dockerfile runs it, and scripts/image-rootfs.sh in a debootstrapped root: the same steps, with and without containers.
#   image/install.sh engine|controller|run  SOURCE    SOURCE: the folder dist/image/NAME
# SNAPSHOT=20261120T000000Z takes the packages as they were on that day (snapshot.debian.org).
set -eu
name=$1 source=$2
export DEBIAN_FRONTEND=noninteractive

case $name in
  # tini is process 1: it passes signals on and buries what nginx leaves behind.
  controller) packages='nodejs tini' ;;
  engine | run) packages='nodejs tini nginx-light libnginx-mod-http-lua lua-cjson' ;;
  *) echo "no such image: $name" >&2; exit 2 ;;
esac

if [ -n "${SNAPSHOT:-}" ]; then
  rm -f /etc/apt/sources.list.d/debian.sources
  for place in "debian/$SNAPSHOT trixie" "debian/$SNAPSHOT trixie-updates" "debian-security/$SNAPSHOT trixie-security"; do
    echo "deb [check-valid-until=no] http://snapshot.debian.org/archive/$place main"
  done >/etc/apt/sources.list
fi
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $packages

groupadd --gid 65532 arbiter
useradd --uid 65532 --no-log-init --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin arbiter
mkdir -p /opt/ingress-arbiter /usr/share/doc/ingress-arbiter
cp -R "$source/dist" "$source/package.json" /opt/ingress-arbiter/
cp "$source/LICENSE" "$source/licenses.txt" /usr/share/doc/ingress-arbiter/
printf '#!/bin/sh\nexec /usr/bin/node /opt/ingress-arbiter/dist/src/cli/main.js "$@"\n' >/usr/local/bin/ingress-arbiter
chmod 755 /usr/local/bin/ingress-arbiter
/usr/bin/node "$(dirname "$0")/sbom.mjs" "$source" >/usr/share/doc/ingress-arbiter/sbom.cdx.json

# Nothing that differs from build to build, nothing that gives rights.
rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/cache/ldconfig /var/log/apt /var/log/*.log /usr/sbin/policy-rc.d /tmp/* /etc/machine-id
find / -xdev -path "$(dirname "$(dirname "$0")")" -prune -o -perm /6000 -type f -exec chmod a-s {} +
