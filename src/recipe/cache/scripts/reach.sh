# What a security group closes is seen before anything changes.
is_open() { timeout 5 bash -c ": </dev/tcp/$cache/$1"; }
for port in 6379 5672 11211; do
wait_for 30 is_open "$port" || fail "$cache:$port, of the new cache server, cannot be reached from here: let its security groups in as those of the old one, and begin again"
done
echo "the new server is reached at $cache"
exit 0
