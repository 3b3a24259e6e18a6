address=$(own_address)
answers() {
case $1 in
Redis) [ "$(redis-cli -h "$address" ping)" = PONG ] ;;
Memcached) [ -n "$(ss -Hltn "src $address:11211")" ] ;;
RabbitMQ) [ -n "$(ss -Hltn "src $address:5672")" ] && rabbitmqctl -q list_permissions -p "$vhost" | cut -f 1 | grep -qxF -- "$user" ;;
esac
}
for service in Redis Memcached RabbitMQ; do
wait_for 60 answers "$service" || fail "$service does not answer on $address, as it did before: look at it with systemctl on the server, and resume"
echo "$service answers on $address"
done
exit 0
