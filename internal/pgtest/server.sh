# Runs one PostgreSQL server for as long as standard input stays open.
# Usage: sh -c SCRIPT sh BINARIES FOLDER INITDB_OPTION SERVER_OPTIONS
# Prints "ready" when the server accepts connections.
#
# The other end of standard input is held by the process that wants the server.
# When that process ends, be it by a kill -9, the system closes it, and the
# server and its files go too.
bin=$1 dir=$2 initdb_option=$3 server_options=$4

finish() {
	trap '' TERM INT HUP
	"$bin/pg_ctl" stop --pgdata="$dir/data" --mode=immediate >>"$dir/log" 2>&1
	[ -z "$failed" ] || cat "$dir/log"
	rm -rf "$dir"
}
failed=yes
trap finish EXIT
trap 'exit 1' TERM INT HUP

set -e
"$bin/initdb" --pgdata="$dir/data" --username=postgres --auth=trust \
	--locale=C --encoding=UTF8 $initdb_option >>"$dir/log" 2>&1
"$bin/pg_ctl" start --wait --pgdata="$dir/data" --log="$dir/log" \
	--options="$server_options" >>"$dir/log" 2>&1
failed=
echo ready
read -r _ || :
