address=$(own_address)
[ -n "$address" ] || fail "this server has no route out, and so no address to listen on: mend its network, and resume"
[ -n "${broker_password:-}" ] || fail "no broker_password came along: resume in the project's directory"
# A node's data belong to its name, and a host's name may change. One that is there keeps its name (R18).
node=rabbit@localhost
for data in /var/lib/rabbitmq/mnesia/*@*; do
case $data in *-plugins-expand|*.pid) continue ;; esac
if [ -d "$data" ]; then node=${data##*/}; fi
done
# Other nodes have nothing to ask. Busy waiting would use up the credits of a small server.
alone=
if [ "$node" = rabbit@localhost ]; then alone=' -kernel inet_dist_use_interface {127,0,0,1}'; fi
put /etc/rabbitmq/rabbitmq-env.conf 644 root:root <<CONF
NODENAME=$node
RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none$alone"
CONF
put /etc/rabbitmq/rabbitmq.conf 644 root:root <<CONF
listeners.tcp.1 = 127.0.0.1:5672
listeners.tcp.2 = $address:5672
vm_memory_high_watermark.relative = 0.25
disk_free_limit.absolute = 1GB
CONF
put /etc/systemd/system/rabbitmq-server.service.d/quarterdeck.conf 644 root:root <<CONF
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
LimitNOFILE=65536
CONF
need rabbitmq-server
settle rabbitmq-server /etc/rabbitmq/rabbitmq-env.conf /etc/rabbitmq/rabbitmq.conf /etc/systemd/system/rabbitmq-server.service.d/quarterdeck.conf
