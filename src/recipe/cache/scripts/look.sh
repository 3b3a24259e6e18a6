answers || fail "Redis does not answer here ($said), so that nothing could be brought over: mend it, or go on without what it holds, with --override lose-data. Nothing was changed"
bytes=$(info memory used_memory)
mkdir -p /var/lib/quarterdeck
free=$(df -Pk -- /var/lib/quarterdeck | awk 'NR == 2 { print $4 }')
[ "$((bytes / 1024))" -lt "$free" ] || fail "Redis holds $((bytes / 1048576)) MB, and the disk of /var/lib/quarterdeck has $((free / 1024)) MB free: make room. Nothing was changed"
[ "$(info server redis_mode)" != cluster ] || fail "this Redis is one of a cluster, and is not copied whole. Nothing was changed"
echo "Redis $(info server redis_version) holds $((bytes / 1048576)) MB; keys by database: $(keyspace)"
tasks=$(timeout 60 rabbitmqctl -q list_queues -p "$vhost" name messages) || fail "RabbitMQ does not answer here, so that no task could be brought over: mend it, or go on without its tasks, with --override lose-data. Nothing was changed"
echo "$tasks" | awk -F '\t' '$2 ~ /^[0-9]+$/ && $2 > 0 { print $1 ": " $2 " tasks" }'
exit 0
