# What a security group closes is seen before anything changes.
is_open() { timeout 5 bash -c ": </dev/tcp/$primary/5432"; }
wait_for 30 is_open || fail "$primary:5432, of the primary to be, cannot be reached from here: let its security groups in as those of the old one, and resume"
echo "the primary to be is reached at $primary"
exit 0
