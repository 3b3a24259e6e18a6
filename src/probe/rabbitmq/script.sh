# RabbitMQ, from the broker itself: a queue that nobody listens to is the one to see. Output: rabbitmqctl's own JSON of
# the queues (a list, one queue per line), a mark, and one line of its status' JSON, of which only this is read:
#   [
#   {"name":"celery","messages_ready":3,"messages_unacknowledged":8,"consumers":1}
#   ,{"name":"exports","messages_ready":0,"messages_unacknowledged":0,"consumers":1}
#   ]
#   status
#   {"alarms":[{"node":"rabbit@cache","resource":"memory","type":"resource_limit"}],"rabbitmq_version":"3.10.8"}
# A virtual host that is missing looks like one without queues, so the names are asked for then:
#   vhosts
#   [{"name":"/"}]
limit=$((limit / 2))
queues=$(as_root rabbitmqctl -q -t "$limit" list_queues -p "$vhost" name messages_ready messages_unacknowledged consumers --formatter json) || exit
printf '%s\nstatus\n' "$queues"
as_root rabbitmqctl -q -t "$limit" status --formatter json || exit
case $queues in *'{'*) ;; *)
echo vhosts
as_root rabbitmqctl -q -t "$limit" list_vhosts name --formatter json ;;
esac
