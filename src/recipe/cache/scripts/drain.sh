# Tasks that wait, and tasks that a worker has taken and not done. Celery's own bookkeeping says nothing about work.
count() {
told=$(timeout 60 rabbitmqctl -q list_queues -p "$vhost" name messages_ready messages_unacknowledged) || return 1
echo "$told" | awk -F '\t' '
$1 !~ /^celeryev/ && $1 !~ /\.pidbox$/ && $2 ~ /^[0-9]+$/ { waits += $2; taken += $3 } END { print waits + 0, taken + 0 }'
}
begun=$(date +%s) moved=$begun was= now=
while :; do
at=$(date +%s)
if now=$(count); then
[ "$now" != "0 0" ] || { echo "the queues are empty"; exit 0; }
[ "$now" = "$was" ] || moved=$at
echo "${now% *} tasks wait, ${now#* } are worked on; $((at - begun)) s of $most"
was=$now
else echo "RabbitMQ did not answer; $((at - begun)) s of $most"; fi
if [ "$((at - moved))" -ge "$still" ]; then echo "nothing has moved for $still s: what is left is copied"; exit 0; fi
if [ "$((at - begun))" -ge "$most" ]; then echo "the time is over: what is left is copied"; exit 0; fi
sleep 3
done
