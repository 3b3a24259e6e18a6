[ -n "${broker_password:-}" ] || fail "no broker_password came along: resume in the project's directory"
name=$user
has list_users || fail "RabbitMQ has no user $user: nothing was changed"
password | ctl change_password "$user"
lets_in || fail "RabbitMQ does not let $user in with broker_password: give the project another one, without letters that a terminal cannot write"
echo "$user has its password"
exit 0
