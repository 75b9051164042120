#!/usr/bin/env bash
# Installs what the tests need and the machine lacks: a C compiler for the race
# detector, the Postgres server, PgBouncer, and Chromium; with the argument bench also the
# Python peers of make bench. Debian and Ubuntu only; elsewhere, or without the right to
# install, it says in one line what is missing.
#
#	install.sh [bench]
set -euo pipefail

missing=()

have_postgres() {
	[ -n "${SPILLWAY_TEST_POSTGRES:-}" ] || command -v postgres >/dev/null ||
		compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

have_browser() {
	local name
	for name in chromium chromium-browser google-chrome; do
		command -v "$name" >/dev/null && return
	done
	return 1
}

have_compiler() {
	command -v gcc >/dev/null && echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1
}

have_pgbouncer() {
	[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null
}

have_python_peers() {
	/usr/bin/python3 -c 'import sqlmodel, asyncpg, aiosqlite' 2>/dev/null
}

have_compiler || missing+=(gcc libc6-dev)
have_postgres || missing+=(postgresql)
have_pgbouncer || missing+=(pgbouncer)
have_browser || missing+=(chromium)
if [ "${1:-}" = bench ] && ! have_python_peers; then
	missing+=(python3-sqlmodel python3-asyncpg python3-aiosqlite)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
		echo "missing for the tests: ${missing[*]}; install them (Debian, Ubuntu: apt-get install ${missing[*]})" >&2
		exit 1
	fi
	as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null; then
	echo "missing for the tests: ${missing[*]}; install them with this system's package manager" >&2
	exit 1
fi

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

echo "installing ${missing[*]}"
apt update >/dev/null || echo "apt-get update failed; trying the lists that are there" >&2
apt install --no-install-recommends "${missing[@]}" >/dev/null

# Ubuntu's package of that name may be one that points to a snap.
have_compiler && have_postgres && have_pgbouncer && have_browser && exit 0
echo "${missing[*]} were installed, but something of it does not run: look for gcc, postgres, pgbouncer and chromium" >&2
exit 1
