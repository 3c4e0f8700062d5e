#!/usr/bin/env bash
# Prints one overlay as a single file that `kubectl apply -f` takes. Needs kubectl; changes nothing.
#   scripts/render-manifests.sh [OVERLAY]           internal-external unless given
set -euo pipefail
cd "$(dirname "$0")/.."
overlay=manifests/overlays/${1:-internal-external}
printf '# Rendered from %s by make manifests: change it there.\n' "$overlay"
exec "${KUBECTL:-kubectl}" kustomize "$overlay"
