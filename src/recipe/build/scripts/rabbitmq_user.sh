name=$vhost
if ! has list_vhosts; then ctl add_vhost "$vhost"; changes "made virtual host $vhost"; fi
name=$user
if ! has list_users; then
password | ctl add_user "$user"
changes "made user $user"
elif ! lets_in; then
password | ctl change_password "$user"
changes "gave $user the password of the project"
fi
lets_in || fail "RabbitMQ does not let $user in with broker_password: give the project another one, without letters that a terminal cannot write, and resume"
may() { ctl list_user_permissions "$user" | awk -F '\t' -v vhost="$vhost" '$1 == vhost && $2 == ".*" && $3 == ".*" && $4 == ".*" { found = 1 } END { exit !found }'; }
if ! may; then
ctl set_permissions -p "$vhost" "$user" '.*' '.*' '.*'
changes "$user may do everything in $vhost"
may || fail "RabbitMQ does not show that $user may do everything in $vhost: rabbitmqctl list_permissions -p $vhost on the server shows what it has; resume"
fi
name=guest
if has list_users; then ctl delete_user guest; changes "removed the user guest, whose password everybody knows"; fi
finish
