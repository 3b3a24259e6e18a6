umask 077
install -d -m 700 -- "${file%/*}"
told() { echo "$file: $(stat -c %s -- "$file") bytes"; }
whole() {
sync -- "$file.part"
printf '%s  %s\n' "$(sha256sum -- "$file.part" | cut -d ' ' -f 1)" "$(basename -- "$file")" >"$file.sha256"
mv -f -- "$file.part" "$file"
told
finish
}
if [ -e "$file" ] && (cd -- "${file%/*}" && sha256sum --status -c -- "$file.sha256" 2>/dev/null); then told; finish; fi
rm -f -- "$file.part"
trap 'rm -f -- "$file.part"' EXIT
if answers; then
keyspace >"$file.about"
changes "Redis writes what it holds now; keys by database: $(cat "$file.about")"
timeout 1800 redis-cli -h "$at" -p "$port" --rdb "$file.part" </dev/null || fail "Redis does not tell all that it holds: its last lines say why. Nothing was changed"
[ "$(head -c 5 -- "$file.part")" = REDIS ] || fail "what Redis has told is no copy of it. Nothing was changed"
redis-check-rdb "$file.part" >/dev/null || fail "what Redis has told cannot be read: redis-check-rdb says why. Nothing was changed"
whole
fi
[ "$stale" = yes ] || fail "Redis does not answer here any more ($said): nothing was changed"
# It does not answer: what it wrote last is what there is.
of() { sed -n "s/^$1  *//p" /etc/redis/redis.conf 2>/dev/null | tail -n 1 | tr -d '"'; }
directory=$(of dir) name=$(of dbfilename)
last=${directory:-/var/lib/redis}/${name:-dump.rdb}
echo unknown >"$file.about"
if [ -f "$last" ] && redis-check-rdb "$last" >/dev/null; then
changes "Redis does not answer: taking what it wrote at $(date -r "$last" '+%F %T')"
cp -- "$last" "$file.part"
else
changes "Redis does not answer, and has left nothing that can be read"
: >"$file.part"
fi
whole
