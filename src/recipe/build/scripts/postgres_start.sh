# Takes a stop for good back, also half of one.
for unit in $(pg_lsclusters -h | awk '{ print "postgresql@" $1 "-" $2 ".service" }') postgresql.service; do
if [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = masked ]; then systemctl -q unmask "$unit"; changes "unmasked $unit"; fi
done
systemctl daemon-reload
for unit in postgresql.service $(pg_lsclusters -h | awk '{ print "postgresql@" $1 "-" $2 ".service" }'); do
systemctl is-active -q "$unit" || { changes "starting $unit"; systemctl start "$unit" || fail "$unit does not start: journalctl -u $unit on the server says why"; }
done
is_up() { runuser -u postgres -- pg_isready -q; }
wait_for 120 is_up || fail "PostgreSQL does not take connections: /var/log/postgresql on the server says why"
finish
