#!/usr/bin/env bash
# Runs the quick start with controllers of one version and engines of another, both ways round: what an upgrade looks like while
# it is under way. Needs root, a build, and the other version in git; writes below .work/skew only.
#   scripts/skew.sh COMMIT             the other version, such as a tag
set -euo pipefail
cd "$(dirname "$0")/.."
other=${1:?which commit is the other version?}
work=$PWD/.work/skew
rm -rf "$work"
mkdir -p "$work"
echo "building $(git rev-parse --short "$other")"
git archive --prefix=source/ "$other" | tar -x -C "$work"
ln -s "$PWD/node_modules" "$work/source/node_modules"
(cd "$work/source" && node node_modules/typescript/bin/tsc && node scripts/build-lua.mjs) >"$work/build.log" 2>&1 || { tail "$work/build.log"; exit 1; }
ROOT="$work/source" node scripts/bundle.mjs >/dev/null
node scripts/bundle.mjs >/dev/null
echo '=== old controllers, new engines'
BUNDLE_CONTROLLER="$work/source/dist/image/controller" scripts/quick-start.sh | tee "$work/old-controllers.log" | grep -E '^(200|404)|answer'
echo '=== new controllers, old engines'
BUNDLE_ENGINE="$work/source/dist/image/engine" scripts/quick-start.sh | tee "$work/old-engines.log" | grep -E '^(200|404)|answer'
rm -rf "$work"
