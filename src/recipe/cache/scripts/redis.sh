# Redis of this server, by the address that it listens on. One that hangs does not answer.
redis() { timeout 20 redis-cli -h "$at" -p "$port" "$@" </dev/null; }
port=$(sed -n 's/^port  *\([0-9]*\).*/\1/p' /etc/redis/redis.conf 2>/dev/null | tail -n 1)
case $port in ''|0) port=6379 ;; esac
answers() {
for at in 127.0.0.1 "$(own_address)"; do
said=$(redis ping 2>&1) || :
[ "$said" != PONG ] || return 0
done
return 1
}
setting() { redis config get "$1" | tail -n 1; }
info() { redis info "$1" | tr -d '\r' | sed -n "s/^$2://p"; }
# Database, keys, and those of them that expire by themselves: 0:12:3,1:4:0.
keyspace() { redis info keyspace | tr -d '\r' | sed -n 's/^db\([0-9]*\):keys=\([0-9]*\),expires=\([0-9]*\).*/\1:\2:\3/p' | paste -sd , -; }
