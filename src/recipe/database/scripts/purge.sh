ctl() { rabbitmqctl -q "$@"; }
left() { ctl list_queues -p "$vhost" name messages | awk -F '\t' '$2 ~ /^[0-9]+$/ { n += $2 } END { print n + 0 }'; }
if command -v rabbitmqctl >/dev/null; then
ctl list_vhosts | grep -qxF -- "$vhost" || fail "RabbitMQ has no virtual host $vhost here: nothing was purged"
echo "$(left) messages wait in $vhost"
empty() {
ctl list_queues -p "$vhost" name messages | awk -F '\t' '$2 ~ /^[0-9]+$/ { print $1 }' | while read -r queue; do
ctl purge_queue -p "$vhost" "$queue" >/dev/null
done
[ "$(left)" = 0 ]
}
# What a worker has taken and not done comes back when its connection ends.
wait_for 60 empty || fail "queues of $vhost do not become empty: somebody still writes into them. See rabbitmqctl list_queues -p $vhost name messages, and resume"
echo "the queues of $vhost are empty"
fi
address=$(own_address)
if command -v redis-cli >/dev/null; then
[ "$(redis-cli -h "$address" flushall)" = OK ] || fail "Redis does not answer on $address: see systemctl status redis-server on the server, and resume"
echo "Redis is empty: nobody is logged in any more"
fi
if systemctl is-active -q memcached; then
systemctl restart memcached
echo "Memcached is empty"
fi
exit 0
