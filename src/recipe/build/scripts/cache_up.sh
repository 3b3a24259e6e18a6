# Whoever made this server may have it listen on its address or on all of them.
address=$(own_address)
listens() { [ -n "$(ss -Hltn "sport = :$1")" ]; }
answers() {
case $1 in
Redis) listens 6379 && case $(redis-cli -h "$address" ping 2>&1) in PONG | *NOAUTH*) true ;; *) false ;; esac ;;
Memcached) listens 11211 ;;
RabbitMQ) listens 5672 && rabbitmqctl -q list_vhosts >/dev/null ;;
esac
}
for service in Redis Memcached RabbitMQ; do
wait_for 120 answers "$service" || fail "$service does not answer on $address: look at it with systemctl on the server, mend that, and resume"
echo "$service answers"
done
exit 0
