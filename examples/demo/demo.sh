#!/usr/bin/env bash
# See Kintolog work: a server of its own in a temporary folder, some twenty thousand records, questions, and a change as
# it is heard over NATS. Needs go, npm and curl. Nothing is left behind but the downloaded data in .cache.
set -euo pipefail
cd "$(dirname "$0")/../.."

DATA=@mdn/browser-compat-data@8.1.9 # by MDN and others, CC0-1.0
CACHE=$PWD/.cache/demo
TMP=$(mktemp -d)
SERVER='' LISTENER=''

cleanup() {
    status=$?
    for pid in $LISTENER $SERVER; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    rm -rf "$TMP"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

if [ -t 1 ]; then BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' END=$'\e[0m'; else BOLD='' DIM='' GREEN='' RED='' END=''; fi
title() { printf '\n%s%s%s\n' "$BOLD" "$*" "$END"; }
fail() { printf '%s%s%s\n' "$RED" "$*" "$END" >&2; exit 1; }
indent() { sed 's/^/  /'; }

for program in go npm curl; do
    command -v "$program" >/dev/null || fail "The demo needs $program."
done

# ask shows a request as it can be typed, makes it, and shows the answer.
ask() {
    local method=$1 path=$2
    shift 2
    local shown=''
    [ "$method" = GET ] || shown="-X $method "
    [ $# -eq 0 ] || shown+="-H Content-Type:application/json -d '$1' "
    printf '%s  curl -u demo:demo %s"$API%s"%s\n' "$DIM" "$shown" "$path" "$END"
    answer=$(request "$method" "$API$path" "$@")
    printf '  %s\n' "$answer"
}

# request makes a request; anything but success ends the demo.
request() {
    local method=$1 url=$2
    shift 2
    curl -sS --fail-with-body -u demo:demo -X "$method" -H 'Content-Type: application/json' ${1:+-d "$1"} "$url"
}

# header is one header of the answer to HEAD.
header() { curl -sS --fail -I -u demo:demo "$2" | tr -d '\r' | sed -n "s/^$1: //Ip"; }

title 'Building, and getting the data'
go build -o "$TMP/" ./cmd/api ./examples/demo/load ./examples/demo/listen
if [ ! -f "$CACHE/$DATA/package/data.json" ]; then
    mkdir -p "$CACHE/$DATA"
    tarball=$(cd "$CACHE/$DATA" && npm pack --silent "$DATA")
    tar -xzf "$CACHE/$DATA/$tarball" -C "$CACHE/$DATA"
fi
printf '  %s, %s\n' "$DATA" "$(du -h "$CACHE/$DATA/package/data.json" | cut -f1)"

title 'A server: event log and read model in one process'
mkfifo "$TMP/said"
KINTO_NATS_LISTEN=127.0.0.1:0 "$TMP/api" --listen 127.0.0.1:0 --data "$TMP/data" >"$TMP/said" 2>"$TMP/server.log" &
SERVER=$!
API='' EVENTS=''
while IFS= read -r line; do
    printf '  %s\n' "$line"
    case $line in
        *'serves http'*) API=${line##* } API=${API%/} ;;
        *' events '*) EVENTS=$(sed 's/.*\(nats:[^,]*\),.*/\1/' <<<"$line") ;;
        Try:*) break ;;
    esac
done <"$TMP/said"
[ -n "$API" ] && [ -n "$EVENTS" ] || { cat "$TMP/server.log" >&2; fail 'The server did not start.'; }

title 'A place for the data'
ask PUT /buckets/mdn
ask PUT /buckets/mdn/collections/features
RECORDS=/buckets/mdn/collections/features/records

title 'Loading: a record for every feature of the web platform, 25 in a batch'
loaded=$("$TMP/load" -file "$CACHE/$DATA/package/data.json" -api "$API" -to "$RECORDS")
printf '  %s records were acknowledged, each when it was on disk and could be read.\n' "$loaded"

title 'Questions'
printf 'How many features are there, and how many are deprecated?\n'
total=$(header Total-Records "$API$RECORDS")
printf '  %s, %s\n' "$total" "$(header Total-Records "$API$RECORDS?status.deprecated=true")"
printf 'What is experimental in CSS? A filter on a nested field, sorted, three at a time:\n'
ask GET "$RECORDS?area=css&status.experimental=true&_sort=-name&_fields=path&_limit=3"
printf 'What came with Firefox 57?\n'
ask GET "$RECORDS?support.firefox.version_added=%2257%22&_sort=path&_fields=path&_limit=3"
printf 'Which names contain "iterator" but are no iterators?\n'
ask GET "$RECORDS?like_name=iterator&not_name=@@iterator&_sort=path&_fields=path&_limit=3"

title 'Paging through all of it, 2000 at a time, by the Next-Page header'
next="$API$RECORDS?_limit=2000&_sort=path&_fields=path" pages=0
while [ -n "$next" ]; do
    curl -sS --fail -u demo:demo -D "$TMP/headers" "$next" | grep -o '"id":"[^"]*"' >>"$TMP/ids"
    next=$(tr -d '\r' <"$TMP/headers" | sed -n 's/^Next-Page: //Ip')
    pages=$((pages + 1))
done
paged=$(sort -u "$TMP/ids" | wc -l | tr -d ' ')
printf '  %s pages with %s different records\n' "$pages" "$paged"

title 'A change, polled and heard'
since=$(header ETag "$API$RECORDS")
printf 'A program listens at %s:\n' "$EVENTS"
mkfifo "$TMP/heard"
"$TMP/listen" -url "$EVENTS" -subject 'kintolog.buckets.mdn.>' -n 2 >"$TMP/heard" &
LISTENER=$!
exec 3<"$TMP/heard"
IFS= read -r line <&3 || fail 'Nobody listens.'
printf '%s  %s%s\n' "$DIM" "$line" "$END"
printf 'Somebody changes a record and deletes another:\n'
ask PATCH "$RECORDS/api__fetch" '{"data": {"reviewed": true}}' | cut -c -160
ask DELETE "$RECORDS/html__elements__marquee"
printf 'What the program heard:\n'
indent <&3
wait "$LISTENER" || fail 'The changes were not heard.'
LISTENER=''
exec 3<&-
printf 'What a client that polls gets, with the ETag of before:\n'
ask GET "$RECORDS?_since=${since//\"/%22}&_fields=path,reviewed,deleted"
changed=$(grep -o '"id":' <<<"$answer" | wc -l | tr -d ' ')

title 'What went in, and what came out'
left=$(header Total-Records "$API$RECORDS")
printf '  acknowledged  %s\n  counted       %s\n  paged         %s\n  changed       %s\n  left          %s\n' \
    "$loaded" "$total" "$paged" "$changed" "$left"
[ "$loaded" = "$total" ] && [ "$loaded" = "$paged" ] && [ "$changed" = 2 ] && [ "$left" = $((loaded - 1)) ] ||
    fail 'They do not agree.'
printf '%s  They agree.%s\n' "$GREEN" "$END"
