#!/usr/bin/env bash
# Runs every fuzz test of this module, each for the given time.
#
#	fuzz.sh 30s
set -euo pipefail

grep -rlE --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do
	grep -oE '^func Fuzz\w+' "$file" | while read -r _ name; do
		go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" "./$(dirname "$file")"
	done
done
