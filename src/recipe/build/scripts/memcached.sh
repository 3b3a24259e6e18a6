address=$(own_address)
[ -n "$address" ] || fail "this server has no route out, and so no address to listen on: mend its network, and resume"
need memcached
put /etc/memcached.conf 644 root:root <<CONF
-d
logfile /var/log/memcached.log
-m $(memory 25)
-p 11211
-u memcache
-l 127.0.0.1
-l $address
-c 10000
-P /var/run/memcached/memcached.pid
CONF
put /etc/systemd/system/memcached.service.d/quarterdeck.conf 644 root:root <<CONF
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
LimitNOFILE=20000
CONF
settle memcached /etc/memcached.conf /etc/systemd/system/memcached.service.d/quarterdeck.conf
is_so() { [ -n "$(ss -Hltn "src $address:11211")" ]; }
wait_for 60 is_so || fail "Memcached does not listen on $address: journalctl -u memcached on the server says why. Mend that, and resume"
finish
