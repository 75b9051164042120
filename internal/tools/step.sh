#!/usr/bin/env bash
# Runs a command under a headline that tells how long the whole run took so far. The
# time stands at the beginning of a step so that a run ends with the last command's own
# words.
#
#	step.sh headline command argument…
set -euo pipefail

seconds=$(($(date +%s) - ${STARTED:-$(date +%s)}))
printf '\n==> %3d:%02d  %s\n' $((seconds / 60)) $((seconds % 60)) "$1"
shift
exec "$@"
