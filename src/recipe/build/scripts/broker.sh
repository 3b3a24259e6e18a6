ctl() { rabbitmqctl -q "$@"; }
wait_for 180 ctl list_vhosts || fail "RabbitMQ does not answer: journalctl -u rabbitmq-server and /var/log/rabbitmq on the server say why. Mend that, and resume"
password() { printf '%s\n' "$broker_password"; }
has() { ctl "$@" | cut -f 1 | grep -qxF -- "$name"; }
lets_in() { password | ctl authenticate_user "$user" >/dev/null 2>&1; }
