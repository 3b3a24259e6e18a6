address=$(own_address)
[ -n "$address" ] || fail "this server has no route out, and so no address to listen on: mend its network, and resume"
need redis-server
limit=$(memory 35)
# Sessions are in it: rather an error than one that is thrown away (R18).
put /etc/redis/quarterdeck.conf 640 redis:redis <<CONF
bind 127.0.0.1 $address
protected-mode no
maxmemory ${limit}mb
maxmemory-policy noeviction
tcp-keepalive 60
CONF
line='include /etc/redis/quarterdeck.conf'
grep -qxF "$line" /etc/redis/redis.conf || { printf '\n%s\n' "$line" >>/etc/redis/redis.conf; changes "redis.conf takes in quarterdeck.conf"; }
put /etc/systemd/system/redis-server.service.d/quarterdeck.conf 644 root:root <<CONF
[Unit]
Wants=network-online.target
After=network-online.target
CONF
settle redis-server /etc/redis/redis.conf /etc/redis/quarterdeck.conf /etc/systemd/system/redis-server.service.d/quarterdeck.conf
setting() { redis-cli -h "$address" config get "$1" | tail -n 1; }
is_so() { [ "$(redis-cli -h "$address" ping)" = PONG ] && [ "$(setting maxmemory-policy)" = noeviction ] && [ "$(setting maxmemory)" = $((limit * 1048576)) ]; }
wait_for 60 is_so || fail "Redis does not answer on $address, or has other settings than /etc/redis/quarterdeck.conf: journalctl -u redis-server on the server says why. Mend that, and resume"
finish
