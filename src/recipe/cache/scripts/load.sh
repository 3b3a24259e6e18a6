# Nobody uses this Redis yet: it stops, and begins with what came over.
if [ ! -s "$file" ]; then echo "nothing came over: Redis is empty"; exit 0; fi
digest=$(cut -d ' ' -f 1 "$file.sha256")
has_all() {
[ "$about" != unknown ] || return 0
now=$(keyspace | tr ',' '\n')
# Keys that expire may have done so meanwhile; of the others none is missing.
for one in $(echo "$about" | tr ',' ' '); do
database=${one%%:*} counts=${one#*:}
kept=$((${counts%%:*} - ${counts#*:}))
has=$(echo "$now" | awk -F : -v database="$database" '$1 == database { print $2 - $3 }')
[ "${has:-0}" -ge "$((kept - kept / 100))" ] || return 1
done
}
about=$(cat -- "$file.about")
if [ "$(cat "$state/redis-holds" 2>/dev/null)" != "$digest" ]; then
redis-check-rdb "$file" >/dev/null || fail "what came of Redis cannot be read by the Redis of this server, which may be an older one: redis-check-rdb says why"
answers || fail "Redis does not answer here ($said): journalctl -u redis-server on the server says why"
directory=$(setting dir) name=$(setting dbfilename)
[ "$(setting appendonly)" = no ] || fail "this Redis begins with a file of its own (appendonly): switch that off in /etc/redis, and begin again"
changes "Redis begins with what came over"
systemctl stop redis-server
install -m 660 -o redis -g redis -- "$file" "$directory/$name"
systemctl start redis-server || fail "Redis does not start with what came over: journalctl -u redis-server on the server says why"
fi
is_loaded() { answers && [ "$(info persistence loading)" = 0 ]; }
wait_for 900 is_loaded || fail "Redis does not take up what came over: journalctl -u redis-server on the server says why"
has_all || fail "Redis has not all that came over: by database, keys and those that expire, it was $about and is $(keyspace)"
used=$(info memory used_memory) most=$(setting maxmemory)
[ "$most" = 0 ] || [ "$((used / 1024))" -lt "$((most / 1024 * 9 / 10))" ] || fail "what came over takes $((used / 1048576)) MB of the $((most / 1048576)) MB that Redis may have here: take a larger server, under instance_types in fabulaws-config.yml"
mkdir -p "$state"
echo "$digest" >"$state/redis-holds"
echo "keys by database: $(keyspace)"
finish
