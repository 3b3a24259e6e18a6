# Redis. Output: its own INFO, `name:value` lines, of which those are read that the parser names:
#   redis_version:7.0.15
#   role:master
#   used_memory:1145072
#   db0:keys=12,expires=3,avg_ttl=0
# The usual port first; where nobody listens there, the one in its configuration.
told=$(redis-cli -p 6379 INFO 2>&1); c=$?
case $told in *'onnection refused'*)
port=$(as_root sed -n 's/^port  *\([0-9]*\).*/\1/p' /etc/redis/redis.conf 2>/dev/null | tail -n 1)
case $port in ''|0|6379) ;; *) told=$(redis-cli -p "$port" INFO 2>&1); c=$? ;; esac ;;
esac
printf '%s\n' "$told"
exit $c
