#!/usr/bin/env bash
# Makes sure that everything ingress-arbiter runs on is there: Node and npm, the npm packages, and from Debian nginx with its Lua module.
# It does nothing when nothing is missing, says what it does before doing it, and starts no service.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-packages.sh

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

check_node() {
  command -v node >/dev/null || stop 'Node is missing: install Node 20.19 or newer (https://nodejs.org), then start again'
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    stop "Node $(node --version) is too old: install Node 20.19 or newer (https://nodejs.org), then start again"
  command -v npm >/dev/null || stop 'npm is missing: install the npm that belongs to your Node, then start again'
}

# What is installed, against what the lock file wants; times of files say little after a checkout.
packages_are_current() {
  node -e '
    const { readFileSync } = require("fs");
    const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const installed = packages("node_modules/.package-lock.json");
    for (const [path, { version, optional }] of Object.entries(packages("package-lock.json"))) {
      if (path !== "" && !optional && installed[path]?.version !== version) process.exit(1);
    }' 2>/dev/null
}

install_packages() {
  if packages_are_current; then return; fi
  [ ! -L node_modules ] || stop "node_modules is a link to $(readlink node_modules), which does not fit package-lock.json: remove the link, or run npm ci there"
  say 'installing the npm packages of package-lock.json into node_modules (npm ci)'
  npm ci --no-fund --no-audit --no-update-notifier || stop 'npm ci failed: see above; this needs the npm registry'
}

# Debian's names of what is not there. openssl makes certificates for the tests, curl asks in them as people do.
missing_packages() {
  PATH="$PATH:/usr/sbin" command -v nginx >/dev/null || echo nginx-light
  { [ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ] && [ -e /usr/lib/nginx/modules/ndk_http_module.so ]; } || echo libnginx-mod-http-lua
  compgen -G '/usr/lib/*/lua/5.1/cjson.so' >/dev/null || echo lua-cjson
  command -v openssl >/dev/null || echo openssl
  command -v curl >/dev/null || echo curl
}

check_node
install_packages
install_missing missing_packages 'Install what your system has for it (docs/architecture.md, What it runs on), then start again'
